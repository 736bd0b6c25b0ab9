#include <iostream>
#include <memory>

#include "commands.h"
#include "curve.h"
#include "dpml/accounting/accountant.h"
#include "dpml/accounting/group.h"
#include "dpml/base/file.h"
#include "options.h"
#include "output.h"
#include "output_file.h"
#include "released.h"

// dpml epsilon: what does a schedule guarantee?

namespace dpml::tools {

namespace {

struct Request {
  Released released;
  double delta = 0;
  std::string curve;
  int points = 0;
  std::string svg;
  bool json = false;
};

int run(const Request& request) {
  std::filesystem::path svg;
  if (!request.svg.empty()) svg = output_path(request.svg, kPlot, files_read(request.released));
  const Spent composition = composition_of(request.released);
  const auto accountant = accountant_of(request.released);
  const std::uint64_t size = request.released.group_size();
  Guarantee guarantee = guarantee_for_group(*accountant, composition.ledger, request.delta, size);
  guarantee.notes.insert(guarantee.notes.begin(), composition.notes.begin(), composition.notes.end());

  std::vector<Curve> curves;
  if (!request.curve.empty() || !request.svg.empty()) {
    const CurveQuestion question{*accountant, composition.ledger, guarantee, size, request.points};
    if (request.curve.empty() || request.curve == "steps") curves.push_back(steps_curve(question));
    if (request.curve.empty() || request.curve == "delta") curves.push_back(delta_curve(question));
    if (request.curve.empty() || request.curve == "tradeoff") curves.push_back(trade_off_curve(question));
  }
  if (!request.svg.empty()) replace_file(svg, svg_of(curves, guarantee));
  if (request.json) {
    Json json = json_guarantee(guarantee);
    if (request.released.schedule.noise_multiplier)
      json["noise_multiplier"] = *request.released.schedule.noise_multiplier;
    if (!request.curve.empty()) json["curve"] = json_curve(curves.front());
    print_json(json);
    return 0;
  }
  std::cout << guarantee_text(guarantee) << lower_bound_text("epsilon", guarantee.epsilon_lower) << "\n"
            << ledger_text(composition.ledger);
  print_notes(guarantee.notes);
  if (!request.curve.empty()) print_curve(curves.front());
  return 0;
}

}  // namespace

void add_epsilon_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "epsilon",
      "What do a schedule, a file of events or finished runs guarantee? The smallest epsilon that may be claimed at "
      "delta, never below the truth. Epsilon is given for the sampling that really ran: Poisson unless --sampler says "
      "otherwise");
  add_released_options(*command, request->released);
  command
      ->add_option("--delta", request->delta,
                   "failure probability, in [0, 1), well below one over the number of people")
      ->required();
  command
      ->add_option(
          "--curve", request->curve,
          "a table, too: delta (over epsilon), steps (epsilon over steps) or tradeoff (errors of the best test "
          "that tells two neighbours apart)")
      ->check(CLI::IsMember({"delta", "steps", "tradeoff"}))
      ->type_name("KIND");
  command->add_option("--points", request->points, "rows of the table or points of a line; 0 for a good number")
      ->check(whole_number(0, 10'000));
  command->add_option("--svg", request->svg, "draw the curve, or all three, into this file")->type_name("FILE");
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] { action = [request] { return run(*request); }; });
}

}  // namespace dpml::tools
