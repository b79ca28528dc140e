#include "tests/fakes/fake_ledger.h"

#include <algorithm>
#include <limits>
#include <set>

#include "core/key.h"
#include "ledger/codec.h"

namespace drift::testing {
namespace {

Status NoSuchTarget(int64_t id) {
  return NotFound("target {} is not in the ledger", id);
}
bool SameLetter(const DeadLetter& a, const DeadLetter& b) {
  return a.key == b.key && a.chunk == b.chunk &&
         (!ledger::HasNull(a.key) || a.text_sha256 == b.text_sha256);
}

}  // namespace

StatusOr<FakeLedger::TargetState*> FakeLedger::Find(State& state, int64_t target_id) {
  const auto found = state.targets.find(target_id);
  if (found == state.targets.end()) return NoSuchTarget(target_id);
  return &found->second;
}

RunRecord* FakeLedger::FindRun(State& state, const std::string& id) {
  for (RunRecord& run : state.runs) {
    if (run.id == id) return &run;
  }
  return nullptr;
}

Status FakeLedger::Ping() {
  return Called("Ping");
}

// -- pipelines and targets ------------------------------------------------------------------------

Status FakeLedger::SavePipeline(const PipelineRecord& record) {
  RETURN_IF_ERROR(Called("SavePipeline"));
  MutexLock lock(mu_);
  state_.pipelines[record.spec.name] = record;
  return OkStatus();
}

StatusOr<std::vector<PipelineRecord>> FakeLedger::LoadPipelines() {
  RETURN_IF_ERROR(Called("LoadPipelines"));
  MutexLock lock(mu_);
  std::vector<PipelineRecord> out;
  for (const auto& [name, record] : state_.pipelines) {
    if (!record.deleted) out.push_back(record);
  }
  return out;
}

StatusOr<Target> FakeLedger::OpenTarget(const TargetKey& key) {
  RETURN_IF_ERROR(Called("OpenTarget"));
  MutexLock lock(mu_);
  for (const auto& [id, state] : state_.targets) {
    if (state.target.key == key) return state.target;
  }
  const int64_t id = state_.next_id++;
  Target& target = state_.targets[id].target;
  target.id = id;
  target.key = key;
  return target;
}

StatusOr<std::optional<Target>> FakeLedger::FindTarget(const TargetKey& key) {
  RETURN_IF_ERROR(Called("FindTarget"));
  MutexLock lock(mu_);
  std::optional<Target> out;
  for (const auto& [id, state] : state_.targets) {
    TargetKey found = state.target.key;
    if (key.fingerprint.empty()) found.fingerprint.clear();
    if (found == key) out = state.target;
  }
  return out;
}

StatusOr<Target> FakeLedger::GetTarget(int64_t target_id) {
  RETURN_IF_ERROR(Called("GetTarget"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const TargetState* target, Find(state_, target_id));
  return target->target;
}

StatusOr<std::vector<Target>> FakeLedger::TargetsOf(const std::string& pipeline) {
  RETURN_IF_ERROR(Called("TargetsOf"));
  MutexLock lock(mu_);
  std::vector<Target> out;
  for (const auto& [id, state] : state_.targets) {
    if (state.target.key.pipeline == pipeline) out.push_back(state.target);
  }
  return out;
}

Status FakeLedger::BeginRevision(int64_t target_id, int32_t revision, const PipelineSpec& config,
                                 bool drop_cursor) {
  RETURN_IF_ERROR(Called("BeginRevision"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * state, Find(state_, target_id));
  Target& target = state->target;
  target.revision = revision;
  target.config = config;
  target.config_hash = ContentConfigHash(config);
  if (!drop_cursor) return OkStatus();
  target.cursor.reset();
  target.version = -1;
  return OkStatus();
}

Status FakeLedger::ClearTarget(int64_t target_id) {
  RETURN_IF_ERROR(Called("ClearTarget"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * state, Find(state_, target_id));
  state->rows.clear();
  state->stages.clear();
  state->adopted.clear();
  state->last_commit = 0;
  std::erase_if(state_.letters,
                [&](const auto& item) { return item.second.target_id == target_id; });
  Target& target = state->target;
  target.cursor.reset();
  target.version = -1;
  target.rows = target.points = target.dead_letters = 0;
  return OkStatus();
}

Status FakeLedger::SetMaintenance(int64_t target_id, bool sweep_due, bool index_due) {
  RETURN_IF_ERROR(Called("SetMaintenance"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * state, Find(state_, target_id));
  state->target.sweep_due = sweep_due;
  state->target.index_due = index_due;
  return OkStatus();
}

Status FakeLedger::MoveTarget(int64_t target_id, const std::string& sink) {
  RETURN_IF_ERROR(Called("MoveTarget"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * state, Find(state_, target_id));
  TargetKey moved = state->target.key;
  moved.sink = sink;
  for (const auto& [id, other] : state_.targets) {
    if (id != target_id && other.target.key == moved) {
      return AlreadyExists("target {} has the address {}", id, sink);
    }
  }
  state->target.key = moved;
  return OkStatus();
}

// -- rows -----------------------------------------------------------------------------------------

StatusOr<std::vector<RowState>> FakeLedger::LoadRows(int64_t target_id,
                                                     std::span<const std::string> keys) {
  RETURN_IF_ERROR(Called("LoadRows"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const TargetState* target, Find(state_, target_id));
  std::vector<RowState> out;
  for (const std::string& key : std::set<std::string>(keys.begin(), keys.end())) {
    const auto row = target->rows.find(key);
    if (row != target->rows.end()) out.push_back(row->second.state);
  }
  return out;
}

StatusOr<std::vector<RowHead>> FakeLedger::ScanRows(int64_t target_id, const std::string& after_key,
                                                    size_t limit) {
  RETURN_IF_ERROR(Called("ScanRows"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const TargetState* target, Find(state_, target_id));
  std::vector<RowHead> out;
  auto row = after_key.empty() ? target->rows.begin() : target->rows.upper_bound(after_key);
  for (; row != target->rows.end() && out.size() < limit; ++row) {
    const RowState& state = row->second.state;
    out.push_back({state.key, static_cast<int32_t>(state.chunks.size()), state.guard});
  }
  return out;
}

void FakeLedger::AddTexts(const TargetState& target, std::map<Sha256Digest, TextMatch>& texts) {
  const int64_t id = target.target.id;
  for (const auto& [key, row] : target.rows) {
    for (size_t i = 0; i < row.state.chunks.size(); ++i) {
      const Sha256Digest& text = row.state.chunks[i].text_sha256;
      const Uuid point = PointId(target.target.key.pipeline, key, static_cast<int32_t>(i));
      texts.emplace(text, TextMatch{text, id, point});
    }
  }
  for (const auto& [text, point] : target.adopted) texts.emplace(text, TextMatch{text, id, point});
}

StatusOr<std::vector<TextMatch>> FakeLedger::FindTexts(const std::string& fingerprint,
                                                       int32_t dimensions,
                                                       std::span<const Sha256Digest> texts,
                                                       int64_t preferred_target) {
  RETURN_IF_ERROR(Called("FindTexts"));
  MutexLock lock(mu_);
  std::map<Sha256Digest, TextMatch> known;
  for (const bool preferred : {true, false}) {
    for (const auto& [id, target] : state_.targets) {
      const TargetKey& key = target.target.key;
      if (key.fingerprint != fingerprint || key.dimensions != dimensions) continue;
      if ((id == preferred_target) == preferred) AddTexts(target, known);
    }
  }
  std::vector<TextMatch> out;
  for (const Sha256Digest& text : std::set<Sha256Digest>(texts.begin(), texts.end())) {
    const auto match = known.find(text);
    if (match != known.end()) out.push_back(match->second);
  }
  return out;
}

Status FakeLedger::Adopt(int64_t target_id, std::span<const AdoptedPoint> points) {
  RETURN_IF_ERROR(Called("Adopt"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * target, Find(state_, target_id));
  for (const AdoptedPoint& point : points) target->adopted[point.text_sha256] = point.point_id;
  return OkStatus();
}

Status FakeLedger::DropAdopted(int64_t target_id) {
  RETURN_IF_ERROR(Called("DropAdopted"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * target, Find(state_, target_id));
  target->adopted.clear();
  return OkStatus();
}

// -- the protocol of a batch ----------------------------------------------------------------------

StatusOr<std::vector<StagedKey>> FakeLedger::LoadStages(int64_t target_id) {
  RETURN_IF_ERROR(Called("LoadStages"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * target, Find(state_, target_id));
  std::vector<StagedKey> keys;
  target->orphans_until = 0;
  for (const auto& [id, stage] : target->stages) {
    keys.insert(keys.end(), stage.begin(), stage.end());
    target->orphans_until = id;
  }
  return ledger::MergeStages(std::move(keys));
}

StatusOr<int64_t> FakeLedger::Stage(int64_t target_id, std::span<const StagedKey> keys) {
  RETURN_IF_ERROR(Called("Stage"));
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(TargetState * target, Find(state_, target_id));
  const int64_t id = state_.next_id++;
  target->stages[id].assign(keys.begin(), keys.end());
  return id;
}

Status FakeLedger::Commit(const CommitBatch& batch) {
  RETURN_IF_ERROR(Called("Commit"));
  MutexLock lock(mu_);
  if (!on_commit_end) return Apply(batch, state_);
  State next = state_;  // all of it or nothing
  RETURN_IF_ERROR(Apply(batch, next));
  RETURN_IF_ERROR(on_commit_end());
  state_ = std::move(next);
  return OkStatus();
}

Status FakeLedger::Apply(const CommitBatch& batch, State& state) {
  ASSIGN_OR_RETURN(TargetState * target, Find(state, batch.target_id));
  RunRecord* run = batch.run_id.empty() ? nullptr : FindRun(state, batch.run_id);
  if (run == nullptr && !batch.run_id.empty())
    return NotFound("run {} is not in the ledger", batch.run_id);
  const int64_t digest = ledger::CommitDigest(batch);
  if (target->last_commit == digest) return OkStatus();
  target->last_commit = digest;
  const ledger::CommitInfo commit{batch.run_id, batch.now};
  for (const RowState& row : batch.upserts) Upsert(row, commit, state, *target);
  for (const RowDeletion& row : batch.deletions) Delete(row, commit, state, *target);
  for (const std::string& key : batch.closed_letters) {
    CloseLetters(key, state, *target);
    const auto row = target->rows.find(key);
    if (row != target->rows.end() && row->second.written.at != batch.now) {
      row->second.state.dead = false;
    }
  }
  for (const DeadLetter& letter : batch.dead_letters) OpenLetter(letter, state, *target);
  for (RequestRecord request : batch.free_requests) {
    request.id = state.next_id++;
    request.run_id = batch.run_id;
    state.requests[request.id] = request;
  }
  if (batch.closes_stage) target->stages.erase(*batch.closes_stage);
  if (batch.closes_orphaned_stages) {
    const Guard covered{target->target.revision,
                        batch.version.value_or(std::numeric_limits<int64_t>::max())};
    std::erase_if(target->stages, [&](const auto& stage) {
      return stage.first <= target->orphans_until &&
             std::all_of(stage.second.begin(), stage.second.end(),
                         [&](const StagedKey& key) { return key.guard <= covered; });
    });
  }
  if (batch.cursor) target->target.cursor = batch.cursor;
  if (batch.version) target->target.version = *batch.version;
  if (run == nullptr) return OkStatus();
  run->counters = batch.counters;
  if (batch.version) run->to_version = *batch.version;
  return OkStatus();
}

void FakeLedger::Upsert(const RowState& row, const ledger::CommitInfo& commit, State& state,
                        TargetState& target) {
  Row& stored = target.rows[row.key];
  const size_t had = stored.state.chunks.size();
  if (row.chunks.size() < had) {
    const auto removed = static_cast<int32_t>(had - row.chunks.size());
    target.deletions[state.next_id++] = {
        stored.state, stored.written, {row.guard, commit, removed}};
  }
  if (stored.number == 0) {
    stored.number = target.next_row++;
    ++target.target.rows;
  }
  target.target.points +=
      static_cast<int64_t>(row.chunks.size()) - static_cast<int64_t>(stored.state.chunks.size());
  stored.state = row;
  stored.written = commit;
}

void FakeLedger::Delete(const RowDeletion& deletion, const ledger::CommitInfo& commit, State& state,
                        TargetState& target) {
  CloseLetters(deletion.key, state, target);
  const auto row = target.rows.find(deletion.key);
  if (row == target.rows.end() && deletion.points_removed == 0) return;
  Deletion& deleted = target.deletions[state.next_id++];
  deleted.how = {deletion.guard, commit, deletion.points_removed};
  deleted.last.key = deletion.key;
  if (row == target.rows.end()) return;
  deleted.last = row->second.state;
  deleted.written = row->second.written;
  --target.target.rows;
  target.target.points -= static_cast<int64_t>(deleted.last.chunks.size());
  target.rows.erase(row);
}

void FakeLedger::OpenLetter(const DeadLetter& letter, State& state, TargetState& target) {
  for (auto& [id, open] : state.letters) {
    if (open.target_id != target.target.id || !SameLetter(open.letter, letter)) continue;
    DeadLetter again = letter;
    again.id = id;
    again.attempts = open.letter.attempts + 1;
    again.first_at = open.letter.first_at;
    open.letter = again;
    return;
  }
  const int64_t id = state.next_id++;
  Letter& opened = state.letters[id];
  opened = {target.target.id, letter};
  opened.letter.id = id;
  opened.letter.attempts = 1;
  ++target.target.dead_letters;
}

void FakeLedger::CloseLetters(const std::string& key, State& state, TargetState& target) {
  target.target.dead_letters -=
      static_cast<int64_t>(std::erase_if(state.letters, [&](const auto& item) {
        return item.second.target_id == target.target.id && item.second.letter.key == key;
      }));
}

// -- runs

}  // namespace drift::testing
