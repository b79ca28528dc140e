// Waiting for a run.
#pragma once

#include <string>

#include "client/session.h"
#include "drift/v1/run.pb.h"

namespace drift::client {

// 128 + SIGINT, as shells have it.
inline constexpr int kExitInterrupted = 130;

enum class OnInterrupt {
  kCancel,  // Ctrl-C cancels the run; a second one leaves it alone
  kLeave,   // Ctrl-C leaves the run alone
};

enum class SayPipeline {
  kMayBe,   // who asked for the run knows the pipeline's name
  kSurely,  // the daemon made the name: it is said however short the run was
};

// Follows the run to its end with its progress drawn, prints what it did (or it, for programs) and
// returns the exit code; kExitInterrupted if it was left alone. A daemon that is away for a while
// is waited for.
int FollowRun(Session& session, const drift::v1::Run& run,
              OnInterrupt on_interrupt = OnInterrupt::kCancel,
              SayPipeline say_pipeline = SayPipeline::kMayBe);

// Prints a run that has ended and returns the exit code it stands for.
int FinishRun(Session& session, const drift::v1::Run& run);

}  // namespace drift::client
