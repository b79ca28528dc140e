// What a person should do about a paused pipeline.
#pragma once

#include <string>

#include "base/status.h"
#include "core/ledger_types.h"

namespace drift {

// Whether `run embed` is the remedy for `reason`: then a plan of it is worth showing.
bool IsCuredByEmbed(std::string_view reason);

// The pause for an error that ended a run: reason (the error's, or its code), message, and one
// sentence of what to do, naming the command.
PauseState PauseFor(const Status& error, const PipelineSpec& spec, WallTime now);

// Whether an error pauses a pipeline (else it is tried again, or was asked for).
bool Pauses(const Status& error);

}  // namespace drift
