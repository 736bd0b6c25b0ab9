#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "dpml/base/error.h"
#include "dpml/base/parallel.h"
#include "dpml/base/text.h"
#include "dpml/base/version.h"
#include "dpml/tensor/gemm.h"
#include "options.h"
#include "safe_output.h"

namespace {

/// A first word that is no command, answered with the nearest that is.
void require_known_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const std::string word = argv[1];
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return;
  const std::string nearest = dpml::nearest_word(word, names);
  throw dpml::ConfigError("there is no command \"" + word + "\"; " +
                          (nearest.empty() ? "expected " + dpml::list_words(names) : "did you mean " + nearest + "?"));
}

/// Arguments stand in lines of messages; one with a line break could end such a line and begin another, and whoever
/// names a folder may be a stranger.
void require_one_line_each(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.find('\n') == std::string_view::npos) continue;
    throw dpml::ConfigError("the argument \"" + dpml::printable(argument) +
                            "\" has a line break in it; write it in one line, and rename a file whose name has one");
  }
}

/// A full disk, or a reader that is gone.
void require_answer_written() {
  std::cout.flush();
  if (std::cout && std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw dpml::FileError("standard output: the answer could not be written: " + std::string(std::strerror(errno)));
}

/// The threads of OpenMP spin for milliseconds while they wait, which on a busy machine takes the cores from those that
/// are waited for: steps get ten times slower. OpenMP can be told otherwise only before a program starts, so this one
/// starts itself again. Where the environment says how to wait, or the program cannot start, everything stays as it is.
void start_again_with_patient_threads(char** argv) {
  if (std::string_view(dpml::parallel_description()) != "OpenMP") return;
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace dpml::tools;
  start_again_with_patient_threads(argv);
  const SafeOutput safe_output(std::cout);
  const SafeOutput safe_errors(std::cerr);
  CLI::App app(
      "Trains neural networks with differential privacy on ordinary processors, and proves how much any one person "
      "can\n"
      "influence the result.\n\n"
      "  dpml plan CONFIG              what a config will cost and guarantee, without touching data\n"
      "  dpml train CONFIG --out DIR   train; DIR/model.h5 may be released, DIR/owner/ stays with the owner\n"
      "  dpml audit DIR                recompute the guarantee of a finished run");
  app.set_version_flag("--version", [] {
    return std::string("dpml ") + dpml::kVersion + ", products: " + dpml::gemm_description(dpml::Products::own) +
           ", threads: " + dpml::parallel_description();
  });
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    return "dpml: " + std::string(error.what()) + "\nTry: dpml " +
           (failed->get_parent() ? failed->get_name() + " " : "") + "--help\n";
  });
  Action action;
  add_plan_command(app, action);
  add_check_command(app, action);
  add_train_command(app, action);
  add_eval_command(app, action);
  add_predict_command(app, action);
  add_export_command(app, action);
  add_inspect_command(app, action);
  add_audit_command(app, action);
  add_neighbours_command(app, action);
  add_epsilon_command(app, action);
  add_delta_command(app, action);
  add_noise_command(app, action);
  refuse_empty_values(app);
  try {
    require_one_line_each(argc, argv);
    require_known_command(app, argc, argv);
    app.parse(argc, argv);
    std::signal(SIGXFSZ, SIG_IGN);  // a full quota becomes an error that can be told
    const int code = action();
    require_answer_written();
    return code;
  } catch (const CLI::ParseError& error) {
    const bool is_answer = app.exit(error) == 0;  // --help and --version
    return is_answer && std::cout.flush() ? 0 : 2;
  } catch (const dpml::InternalError& error) {
    std::cerr << "dpml: " << error.what() << "\n";
    return 70;
  } catch (const dpml::Error& error) {
    std::cerr << "dpml: " << error.what() << "\n";
    return 2;
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "dpml: " << dpml::printable(error.path1().string()) << ": " << error.code().message() << "\n";
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << "dpml: there is not enough memory; a smaller runtime.physical_batch or model needs less\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "dpml: internal error: " << error.what() << "; please report this\n";
    return 70;
  }
}
