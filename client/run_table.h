// Runs for people.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "client/session.h"
#include "client/table.h"
#include "drift/v1/run.pb.h"

namespace drift::client {

void PrintRuns(Session& session, const google::protobuf::RepeatedPtrField<drift::v1::Run>& runs,
               bool with_pipeline);
void PrintRun(Session& session, const drift::v1::Run& run);

Tone ToneOf(drift::v1::Run::State state);

}  // namespace drift::client
