// The beginning of a run: the target in the ledger, the collection in the sink, and the revision
// that both must agree on.
#pragma once

#include <optional>

#include "base/status.h"
#include "pipeline/run_context.h"

namespace drift {

// Opens source, model, sink and target of `run.spec`, without contacting the sink.
Status OpenRun(RunContext& run);

// kFailedPrecondition MODEL_CHANGED: the pipeline's points in this very collection are of another
// model.
Status CheckModelKept(Ledger& ledger, const PipelineSpec& spec, int32_t dimensions);

// What the ledger knows a pipeline's target by. `model`: the one that spec.model names.
TargetKey TargetKeyOf(const PipelineSpec& spec, const ModelInfo& model);
// What is stamped on its collection, without the sources.
CollectionStamp StampOf(const TargetKey& key);

// The target of the same collection under another address, where there is none under this one:
// options of the connection changed, or who logs in.
StatusOr<std::optional<Target>> FindMoved(RunContext& run, const TargetKey& key);

// What contact with the collection has shown.
struct Attachment {
  // The whole table has to be read: there is no cursor, or what it stands for is not in the sink.
  bool snapshot = false;
};

// Makes the collection ready for writing: first contact, lost index, changed configuration.
//   first contact     revision = max(found there, the ledger's) + 1; points found there are
//   adopted,
//                     so that their vectors are reused, and swept when the snapshot is complete
//   lost index        `whole` clears the target's row states; else kFailedPrecondition INDEX_LOST
//   configuration     `whole` begins a new revision; else kFailedPrecondition CONFIG_CHANGED,
//   naming
//                     what changed
// `whole`: the run was asked to embed the whole table (run embed).
StatusOr<Attachment> Attach(RunContext& run, bool whole);

// Begins a new revision because the table's versions started again. The snapshot that follows wins
// over all that is there.
Status RestartVersions(RunContext& run);

// What is due after a snapshot: sweeps points of lower revisions, builds the vector index. Sets the
// target's marks; what is interrupted is done by the next run.
Status Maintain(RunContext& run);

}  // namespace drift
