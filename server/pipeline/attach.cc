#include "pipeline/attach.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "core/reasons.h"

namespace drift {
namespace {

constexpr size_t kAdoptPage = 4096;

bool Matches(const CollectionInfo& info, const Target& target) {
  return info.stamp && info.stamp->model == target.key.model &&
         info.stamp->fingerprint == target.key.fingerprint &&
         info.dimensions == target.key.dimensions;
}

// What the ledger's entry in the collection's stamp says, if there is one.
std::optional<CollectionStamp::Owner> OwnerIn(const CollectionInfo& info,
                                              const std::string& pipeline) {
  if (!info.exists || !info.stamp) return std::nullopt;
  const auto owner = info.stamp->sources.find(pipeline);
  if (owner == info.stamp->sources.end()) return std::nullopt;
  return owner->second;
}

Status IndexLost(const RunContext& run, bool exists) {
  return WithReason(
      FailedPrecondition("{}: the index is lost: {}, while the ledger knows {} rows in it",
                         run.target.key.sink,
                         exists ? "the collection is there but not this pipeline's points"
                                : "the collection is gone",
                         run.target.rows),
      reason::kIndexLost);
}

Status ConfigChanged(std::string_view what) {
  return WithReason(
      FailedPrecondition("the configuration changed ({}), so every row has to be looked at again",
                         what),
      reason::kConfigChanged);
}

// A pipeline that moves to another collection embeds everything again there: that is asked for.
Status CheckSinkKept(RunContext& run, const TargetKey& key) {
  ASSIGN_OR_RETURN(const std::vector<Target> targets, run.ledger().TargetsOf(run.spec.name));
  bool elsewhere = false;
  for (const Target& target : targets) {
    if (target.key.sink == key.sink && target.key.model == key.model) return OkStatus();
    if (target.rows > 0) elsewhere = true;
  }
  return elsewhere ? ConfigChanged("sink or model") : OkStatus();
}

Status BeginRevision(RunContext& run, int32_t revision, bool sweep) {
  const bool drop_cursor = true;
  RETURN_IF_ERROR(run.Persist("ledger", "beginning a revision", [&] {
    return run.ledger().BeginRevision(run.target.id, revision, run.spec, drop_cursor);
  }));
  run.target.revision = revision;
  run.target.config = run.spec;
  run.target.config_hash = ContentConfigHash(run.spec);
  run.target.cursor.reset();
  run.target.version = -1;
  if (sweep) run.target.sweep_due = true;
  run.target.index_due = true;
  RETURN_IF_ERROR(run.Persist("ledger", "beginning a revision", [&] {
    return run.ledger().SetMaintenance(run.target.id, run.target.sweep_due, run.target.index_due);
  }));
  Failpoint("revision-begun");
  return OkStatus();
}

// Notes the points of this source that lie in the collection, so that their vectors can be reused.
Status AdoptPoints(RunContext& run) {
  std::optional<Uuid> after;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<PointHead> page, run.Persist("sink", "listing points", [&] {
      return run.sink->List(run.spec.name, after, kAdoptPage, run.hard);
    }));
    std::vector<Ledger::AdoptedPoint> adopted;
    for (const PointHead& point : page) {
      if (point.model == run.target.key.model) adopted.push_back({point.id, point.text_sha256});
    }
    RETURN_IF_ERROR(run.Persist("ledger", "noting points found in the collection",
                                [&] { return run.ledger().Adopt(run.target.id, adopted); }));
    Failpoint("points-adopted");
    if (page.size() < kAdoptPage) return OkStatus();
    after = page.back().id;
  }
}

// The ledger was put back from a backup: the index has gone on without it.
bool KnowsLess(const Target& target, const CollectionStamp::Owner& owner) {
  if (owner.revision != target.revision) return owner.revision > target.revision;
  return owner.version > target.version;
}

// The collection knows nothing of this ledger, or something newer than it.
Status FirstContact(RunContext& run, const CollectionInfo& info,
                    const std::optional<CollectionStamp::Owner>& owner) {
  int32_t found = owner ? owner->revision : 0;
  bool has_points = false;
  if (info.exists) {
    ASSIGN_OR_RETURN(const SourcePoints points,
                     run.Persist("sink", "looking at the collection", [&] {
                       return run.sink->DescribeSource(run.spec.name, run.hard);
                     }));
    found = std::max(found, points.max_revision);
    has_points = points.points > 0;
  }
  RETURN_IF_ERROR(BeginRevision(run, std::max(found, run.target.revision) + 1, has_points));
  if (!has_points) return OkStatus();
  LogInfo("points of this pipeline lie in the collection already; their vectors are reused",
          {{"pipeline", run.spec.name}, {"revision", run.target.revision}});
  return AdoptPoints(run);
}

Status PrepareCollection(RunContext& run) {
  CollectionSpec spec;
  spec.stamp = StampOf(run.target.key);
  spec.source = run.spec.name;
  spec.owner = {run.ledger().id(), run.target.revision, run.target.version};
  spec.bulk_load = run.target.index_due;
  RETURN_IF_ERROR(run.Contact("sink", "preparing the collection",
                              [&] { return run.sink->Prepare(spec, run.hard); })
                      .status());
  run.stamped_version = run.target.version;
  Failpoint("collection-prepared");
  return OkStatus();
}

}  // namespace

Status CheckModelKept(Ledger& ledger, const PipelineSpec& spec, int32_t dimensions) {
  ASSIGN_OR_RETURN(const std::vector<Target> targets, ledger.TargetsOf(spec.name));
  for (const Target& target : targets) {
    if (target.key.sink != spec.sink || target.rows == 0) continue;
    if (target.key.model == spec.model && target.key.dimensions == dimensions) continue;
    return WithReason(
        FailedPrecondition("{} holds points of {} ({} dimensions): another model ({}) cannot take "
                           "its place there; name another collection",
                           spec.sink, target.key.model, target.key.dimensions, spec.model),
        reason::kModelChanged);
  }
  return OkStatus();
}

TargetKey TargetKeyOf(const PipelineSpec& spec, const ModelInfo& model) {
  return {spec.name, spec.model, model.fingerprint, model.dimensions, spec.sink};
}

CollectionStamp StampOf(const TargetKey& key) {
  CollectionStamp stamp;
  stamp.model = key.model;
  stamp.fingerprint = key.fingerprint;
  stamp.dimensions = key.dimensions;
  return stamp;
}

StatusOr<std::optional<Target>> FindMoved(RunContext& run, const TargetKey& key) {
  Connectors& connectors = run.services.connectors;
  ASSIGN_OR_RETURN(std::vector<Target> targets, run.ledger().TargetsOf(key.pipeline));
  ASSIGN_OR_RETURN(const std::string place, connectors.SinkPlace(key.sink));
  std::optional<Target> moved;
  for (Target& target : targets) {
    if (target.key.model != key.model || target.key.dimensions != key.dimensions) continue;
    if (target.key.sink == key.sink) return std::optional<Target>();
    const auto there = connectors.SinkPlace(target.key.sink);
    if (there.ok() && *there == place) moved = std::move(target);
  }
  return moved;
}

Status OpenRun(RunContext& run) {
  ASSIGN_OR_RETURN(run.model,
                   run.services.connectors.OpenModel(run.spec.model, run.spec.dimensions));
  ASSIGN_OR_RETURN(run.sink, run.services.connectors.OpenSink(run.spec.sink));
  ASSIGN_OR_RETURN(const Projection projection, RowRenderer::MakeProjection(run.spec));
  ASSIGN_OR_RETURN(run.source, run.services.connectors.OpenSource(run.spec, projection));
  ASSIGN_OR_RETURN(RowRenderer renderer,
                   RowRenderer::Make(run.spec, run.model->counter(),
                                     run.model->model().request.max_item_tokens));
  run.renderer.emplace(std::move(renderer));
  const RunRecord record = run.progress.view().run;
  run.run_id = record.id;
  run.counters = record.counters;  // of earlier attempts, when a crash cut them short

  // Several batches of a slow model take a while, and nothing of them is paid for.
  if (run.model->model().is_local) run.StopAtOnce();

  run.client = std::make_shared<EmbedClient>();
  run.client->run_id = run.run_id;
  run.client->pipeline = run.spec.name;
  run.client->batch_size = run.spec.limits.batch_size;
  run.client->dedup = run.spec.dedup;
  run.client->stop = run.hard;
  run.client->on_wait = [&progress = run.progress](const Status& why,
                                                   std::chrono::milliseconds wait) {
    progress.SetWaiting(Annotate(why, "embedding"), wait);
  };
  run.client->on_answered = [&progress = run.progress](int64_t texts) {
    progress.Update([texts](RunView& view) { view.texts_answered += texts; });
  };
  return OkStatus();
}

StatusOr<Attachment> Attach(RunContext& run, bool whole) {
  const ModelInfo& model = run.model->model();
  const TargetKey key = TargetKeyOf(run.spec, model);
  RETURN_IF_ERROR(CheckModelKept(run.ledger(), run.spec, model.dimensions));
  ASSIGN_OR_RETURN(const std::optional<Target> moved, FindMoved(run, key));
  if (moved) {
    LogInfo("the same collection by another address",
            {{"pipeline", run.spec.name}, {"sink", key.sink}, {"before", moved->key.sink}});
    RETURN_IF_ERROR(run.Persist("ledger", "noting the sink's address",
                                [&] { return run.ledger().MoveTarget(moved->id, key.sink); }));
  }
  if (!whole) RETURN_IF_ERROR(CheckSinkKept(run, key));
  ASSIGN_OR_RETURN(run.target, run.Persist("ledger", "opening the target",
                                           [&] { return run.ledger().OpenTarget(key); }));
  ASSIGN_OR_RETURN(const CollectionInfo info, run.Contact("sink", "reaching the sink", [&] {
    return run.sink->Describe(run.hard);
  }));
  const auto owner = OwnerIn(info, run.spec.name);
  const bool ours = owner && owner->ledger_id == run.ledger().id();
  const bool newer_there = ours && KnowsLess(run.target, *owner);
  const bool config_changed =
      run.target.revision > 0 && run.target.config_hash != ContentConfigHash(run.spec);

  if (info.exists && !Matches(info, run.target)) {
    // Refused before anything is changed; the sink says what differs.
    RETURN_IF_ERROR(PrepareCollection(run));
  }
  if (!ours && run.target.rows > 0) {
    if (!whole) return IndexLost(run, info.exists);
    LogWarn("the index is lost; all rows are embedded again",
            {{"pipeline", run.spec.name}, {"sink", run.target.key.sink}});
    RETURN_IF_ERROR(run.Persist("ledger", "forgetting the lost index",
                                [&] { return run.ledger().ClearTarget(run.target.id); }));
    run.target.rows = 0;
    run.target.points = 0;
  }
  if (!ours || newer_there || run.target.revision == 0) {
    RETURN_IF_ERROR(FirstContact(run, info, owner));
  } else if (config_changed) {
    if (!whole) return ConfigChanged(DescribeDifference(run.target.config, run.spec));
    RETURN_IF_ERROR(BeginRevision(run, run.target.revision + 1, run.target.points > 0));
  }
  RETURN_IF_ERROR(PrepareCollection(run));
  return Attachment{.snapshot = whole || !run.target.cursor};
}

Status RestartVersions(RunContext& run) {
  RETURN_IF_ERROR(BeginRevision(run, run.target.revision + 1, run.target.points > 0));
  return PrepareCollection(run);
}

Status Maintain(RunContext& run) {
  Target& target = run.target;
  if (run.stamped_version != target.version) RETURN_IF_ERROR(PrepareCollection(run));
  if (target.sweep_due) {
    run.progress.Update(
        [](RunView& view) { view.phase = "removing what is left of earlier revisions"; });
    ASSIGN_OR_RETURN(const int64_t swept, run.Persist("sink", "removing old points", [&] {
      return run.sink->Sweep(run.spec.name, target.revision, run.hard);
    }));
    run.counters.points_deleted += swept;
    RETURN_IF_ERROR(run.Persist("ledger", "forgetting adopted points",
                                [&] { return run.ledger().DropAdopted(target.id); }));
    target.sweep_due = false;
    RETURN_IF_ERROR(run.Persist("ledger", "noting the sweep", [&] {
      return run.ledger().SetMaintenance(target.id, target.sweep_due, target.index_due);
    }));
    Failpoint("swept");
  }
  if (target.index_due) {
    run.progress.Update([](RunView& view) { view.phase = "building the vector index"; });
    RETURN_IF_ERROR(run.Persist("sink", "building the vector index",
                                [&] { return run.sink->BuildIndex(run.hard); }));
    target.index_due = false;
    RETURN_IF_ERROR(run.Persist("ledger", "noting the vector index", [&] {
      return run.ledger().SetMaintenance(target.id, target.sweep_due, target.index_due);
    }));
    Failpoint("index-built");
  }
  return OkStatus();
}

}  // namespace drift
