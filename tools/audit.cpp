#include "dpml/audit/audit.h"

#include <iostream>
#include <memory>

#include "commands.h"
#include "options.h"
#include "output.h"

// dpml audit: does a finished run keep what it claims?

namespace dpml::tools {

namespace {

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::failed:
      return "FAILED";
  }
  return "";
}

void print_report(const AuditReport& report) {
  for (const AuditCheck& check : report.checks) {
    const std::string word = word_of(check.verdict);
    std::cout << word << std::string(9 - word.size(), ' ') << check.name << ": " << check.detail << "\n";
  }
  std::cout << "\n" << report.statement << "\n";
  print_notes(report.recomputed.notes);
  std::cout << "record " << report.record_digest << "\n"
            << (report.passed() ? "PASSED: the claim follows from the ledger, and all parts belong together\n"
                                : "FAILED: do not rely on the claim\n");
}

Json json_of(const AuditReport& report) {
  Json json = {{"passed", report.passed()}, {"recomputed_epsilon", json_number(report.recomputed.upper)}};
  json.update(json_guarantee(report.claim));
  json["epsilon_lower"] = json_number(report.recomputed.lower);
  json["method"] = report.recomputed.method;
  if (!report.recomputed.notes.empty()) json["notes"] = report.recomputed.notes;
  json["statement"] = report.statement;
  json["record"] = report.record_digest;
  json["checks"] = Json::array();
  for (const AuditCheck& check : report.checks) {
    json["checks"].push_back({{"name", check.name}, {"verdict", word_of(check.verdict)}, {"detail", check.detail}});
  }
  return json;
}

}  // namespace

void add_audit_command(CLI::App& app, Action& action) {
  struct Request {
    std::string run;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand("audit",
                                         "Does a finished run keep what it claims? Recomputes epsilon from the ledger "
                                         "inside model.h5 and checks that all parts "
                                         "belong together; exit code 1 when not");
  command->add_option("DIR", request->run, "run folder or model.h5")->required()->check(kNotEmpty);
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] {
    action = [request] {
      const AuditReport report = audit(request->run);
      if (request->json) {
        print_json(json_of(report));
      } else {
        print_report(report);
      }
      return report.passed() ? 0 : 1;
    };
  });
}

}  // namespace dpml::tools
