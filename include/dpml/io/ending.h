#pragma once

#include <string>
#include <string_view>

namespace dpml {

/// On what a decision to stop a run rests, from the most harmless to the worst; the later decisions of a run count as
/// the worst so far. It decides what a stopped run may claim (docs/threat_model.md, "When it stopped").
enum class StopBasis {
  nothing,         ///< nothing in the run: a time limit, a number of steps chosen beforehand
  releases,        ///< what is public or was released, such as the weights
  private_figures  ///< losses, clip rates, batch sizes: an output that nobody paid for
};
std::string to_text(StopBasis basis);  ///< "private_figures"
/// Throws ConfigError listing the names.
StopBasis parse_stop_basis(std::string_view text);

/// How a run came to its end.
enum class Ending {
  finished,                   ///< the plan is used up; claims the plan
  stopped_on_releases,        ///< claims the plan
  stopped_independently,      ///< claims what was released
  stopped_on_private_figures  ///< claims nothing
};
std::string to_text(Ending ending);  ///< "stopped_independently"
Ending parse_ending(std::string_view text);
Ending ending_of(StopBasis basis);  ///< of a run that stopped early
bool may_claim(Ending ending);
/// Whether the claim is of what was released alone, though more was planned.
bool claims_releases_alone(Ending ending);

/// Where the key of a run's noise came from.
enum class NoiseKey {
  operating_system,  ///< its entropy; the key is never stored
  chosen_seed        ///< whoever knows or guesses it can take the noise away: not private
};
std::string to_text(NoiseKey key);  ///< "chosen_seed"
NoiseKey parse_noise_key(std::string_view text);
bool may_claim(NoiseKey key);

}  // namespace dpml
