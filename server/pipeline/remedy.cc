#include "pipeline/remedy.h"

#include "core/reasons.h"

namespace drift {
namespace {

std::string RemedyFor(std::string_view why, const PipelineSpec& spec) {
  const std::string& name = spec.name;
  if (IsCuredByEmbed(why))
    return fmt::format("Re-sync with: driftctl run embed --pipeline {}", name);
  const auto resume = [&](std::string_view first) {
    return fmt::format("{}, then: driftctl pipeline resume {}", first, name);
  };
  if (why == reason::kTableNotFound) return resume("Put the table back or correct its address");
  if (why == reason::kColumnMissing) {
    return fmt::format("Name the columns the table has now, then: driftctl run embed --pipeline {}",
                       name);
  }
  if (why == reason::kUnsupportedTable) return resume("Switch that feature off in the table");
  if (why == reason::kTableCorrupt) return resume("Repair the table (RESTORE, or from a backup)");
  if (why == reason::kDuplicateKey) {
    return fmt::format(
        "Make the key unique in the table, or name a key that is (key:, --key), then: driftctl run "
        "embed --pipeline {}",
        name);
  }
  if (why == reason::kModelChanged) {
    return "Name another collection for the new model, or go back to the old model";
  }
  if (why == reason::kUnauthenticated) return resume("Correct the credentials");
  if (why == reason::kQuotaExhausted) return resume("Raise the provider's quota or pay its bill");
  if (why == reason::kModelNotFound) return resume("Name a model the provider has");
  if (why == reason::kModelNotInstalled) return resume("Install the model's files (make models)");
  if (why == reason::kBadAnswer) return resume("Look at the provider: its answers are not usable");
  if (why == reason::kBudgetExhausted)
    return "Raise the budget, or wait: the next period resumes it";
  if (why == reason::kCollectionDiffers) {
    return "Name another collection in `sink`, or drop that one if nobody needs it";
  }
  if (why == reason::kDiskFull) return resume("Make room on the disk");
  if (why == reason::kTooManyDeadLetters) {
    return fmt::format(
        "See driftctl dead-letters list --pipeline {0}; replay or discard them, then: "
        "driftctl pipeline resume {0}",
        name);
  }
  return resume("Mend the cause");
}

// What a connector advises ends with the command that takes the pause back, where one does.
std::string WithCommand(std::string remedy, std::string_view why, const std::string& name) {
  const bool by_itself = why == reason::kBudgetExhausted;
  const bool by_naming_another = why == reason::kCollectionDiffers || why == reason::kModelChanged;
  const bool is_said = remedy.find("driftctl") != std::string::npos;
  if (by_itself || by_naming_another || is_said) return remedy;
  constexpr std::string_view kInWords = ", then resume the pipeline";
  if (remedy.ends_with(kInWords)) remedy.resize(remedy.size() - kInWords.size());
  return fmt::format("{}, then: driftctl pipeline resume {}", remedy, name);
}

}  // namespace

bool IsCuredByEmbed(std::string_view why) {
  for (const std::string_view cured :
       {reason::kHistoryGone, reason::kTableRecreated, reason::kTableRestored, reason::kFeedOff,
        reason::kKeyTypeChanged, reason::kConfigChanged, reason::kIndexLost}) {
    if (why == cured) return true;
  }
  return false;
}

bool Pauses(const Status& error) {
  return !error.ok() && error.code() != StatusCode::kCancelled && !IsRetryable(error);
}

PauseState PauseFor(const Status& error, const PipelineSpec& spec, WallTime now) {
  PauseState pause;
  pause.reason = Reason(error);
  if (pause.reason.empty()) pause.reason = std::string(CodeName(error.code()));
  pause.message = std::string(Message(error));
  pause.remedy = Remedy(error).empty() ? RemedyFor(pause.reason, spec)
                                       : WithCommand(Remedy(error), pause.reason, spec.name);
  pause.since = now;
  return pause;
}

}  // namespace drift
