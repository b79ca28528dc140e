#include "ledger/pg_ledger.h"

#include <algorithm>
#include <unordered_set>

#include "base/failpoint.h"
#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/pg_lookup.h"
#include "ledger/pg_rows.h"
#include "ledger/stage_table.h"

namespace drift::ledger {
namespace {

constexpr size_t kConnections = 8;
// A deadlock, or another transaction that was first: once more is enough, twice is certain.
constexpr int kAttempts = 5;
constexpr std::chrono::hours kLongTimeout{6};

// What the caller can do about all of these is the same.
Status AsLedgerStatus(const Status& status) {
  if (status.code() != StatusCode::kAborted && status.code() != StatusCode::kDeadlineExceeded) {
    return status;
  }
  return Unavailable("{}", Message(status));
}

}  // namespace

// -- opening --------------------------------------------------------------------------------------

StatusOr<std::unique_ptr<PgLedger>> PgLedger::Open(const PgOptions& connect, Clock& clock, Rng& rng,
                                                   const PgLedgerOptions& options) {
  ASSIGN_OR_RETURN(PgOptions session, SessionOptions(connect, options.schema));
  session.call_timeout = options.call_timeout;
  auto lock = std::make_unique<PgLedgerLock>(session, options.schema, clock);
  RETURN_IF_ERROR(lock->Take());
  {
    ASSIGN_OR_RETURN(const auto pg, PgConnection::Open(session, {}));
    pg->set_call_timeout(kLongTimeout);
    RETURN_IF_ERROR(MigratePg(*pg, options.schema, options.migrations, clock, rng));
  }
  RETURN_IF_ERROR(lock->Claim());
  std::unique_ptr<PgLedger> ledger(new PgLedger(session, std::move(lock), clock));
  RETURN_IF_ERROR(ledger->Read([&](SqlSession& sql) -> Status {
    ASSIGN_OR_RETURN(const auto id, sql.RunOne("SELECT id FROM drift_ledger", SqlArgs()));
    if (!id) return DataLoss("{}: the ledger has no id", session.Name());
    ledger->id_ = id->Text(0);
    return ledger->RememberOrphans(sql);
  }));
  return ledger;
}

PgLedger::PgLedger(PgOptions session, std::unique_ptr<PgLedgerLock> lock, Clock& clock)
    : clock_(clock),
      pool_(session, kConnections),
      scans_(std::move(session), clock),
      lock_(std::move(lock)) {}

// -- transactions ---------------------------------------------------------------------------------

StatusOr<PgPool::Lease> PgLedger::Connect() {
  auto lease = pool_.Acquire({});
  if (!lease.ok()) return AsLedgerStatus(lease.status());
  return lease;
}

Status PgLedger::Read(const Work& work) {
  ASSIGN_OR_RETURN(const PgPool::Lease pg, Connect());
  const auto read = [&]() -> Status {
    RETURN_IF_ERROR(pg->Script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}));
    PgTransaction transaction = PgTransaction::Adopt(*pg);
    PgSession session(*pg);
    RETURN_IF_ERROR(work(session));
    return transaction.Commit({});
  };
  return AsLedgerStatus(read());
}

Status PgLedger::Write(const Work& work) {
  for (int i = 1;; ++i) {
    const Status status = WriteOnce(work, pool_.options().call_timeout);
    if (status.code() != StatusCode::kAborted || i == kAttempts) return AsLedgerStatus(status);
  }
}

Status PgLedger::WriteAlone(const Work& work) {
  return Write([&](SqlSession& session) -> Status {
    // Commits begin with a row of this table: those under way end first, others wait.
    RETURN_IF_ERROR(session.Do("LOCK TABLE targets IN EXCLUSIVE MODE", SqlArgs()));
    return work(session);
  });
}

Status PgLedger::WriteLong(const Work& work) {
  return AsLedgerStatus(WriteOnce(work, kLongTimeout));
}

Status PgLedger::WriteOnce(const Work& work, std::chrono::milliseconds call_timeout) {
  scans_.CloseIdle();
  ASSIGN_OR_RETURN(const PgPool::Lease pg, Connect());
  ASSIGN_OR_RETURN(PgTransaction transaction, lock_->Begin(*pg));
  pg->set_call_timeout(call_timeout);
  PgSession session(*pg);
  const Status status = work(session);
  pg->set_call_timeout(pool_.options().call_timeout);
  RETURN_IF_ERROR(status);
  return transaction.Commit({});
}

Status PgLedger::Ping() {
  const WallTime now = clock_.Now();
  return Write([&](SqlSession& session) {
    return session.Do("UPDATE drift_ledger SET pinged_at = $1", SqlArgs(now));
  });
}

// -- targets --------------------------------------------------------------------------------------

const PgTarget* PgLedger::KnownTarget(int64_t target_id) {
  MutexLock lock(mu_);
  const auto known = targets_.find(target_id);
  return known == targets_.end() ? nullptr : &known->second;
}

StatusOr<const PgTarget*> PgLedger::FindTargetById(int64_t target_id) {
  if (const PgTarget* known = KnownTarget(target_id)) return known;
  return ReadValue<const PgTarget*>(
      [&](SqlSession& session) { return FindTargetById(session, target_id); });
}

StatusOr<const PgTarget*> PgLedger::FindTargetById(SqlSession& session, int64_t target_id) {
  if (const PgTarget* known = KnownTarget(target_id)) return known;
  ASSIGN_OR_RETURN(const Target target, ledger::GetTarget(session, target_id));
  const TargetKey& key = target.key;
  const PgTarget stored{target_id, key.pipeline, TextSpace(key.fingerprint, key.dimensions)};
  MutexLock lock(mu_);
  return &targets_.try_emplace(target_id, stored).first->second;
}

Status PgLedger::CheckTarget(int64_t target_id) {
  return FindTargetById(target_id).status();
}

StatusOr<Target> PgLedger::OpenTarget(const TargetKey& key) {
  ASSIGN_OR_RETURN(auto known, ReadValue<std::optional<Target>>([&](SqlSession& session) {
                     return ledger::FindTarget(session, key, /*any_fingerprint=*/false);
                   }));
  if (known) return *std::move(known);
  Target target;
  // Two callers may want the same one.
  RETURN_IF_ERROR(WriteAlone([&](SqlSession& session) -> Status {
    ASSIGN_OR_RETURN(auto found, ledger::FindTarget(session, key, /*any_fingerprint=*/false));
    if (!found) {
      ASSIGN_OR_RETURN(found, AddTarget(session, key));
    }
    target = *std::move(found);
    if (target.id <= kMaxPgTargetId) return OkStatus();
    return ResourceExhausted("the ledger has had {} targets, and can have no more", kMaxPgTargetId);
  }));
  return target;
}

Status PgLedger::ClearTarget(int64_t target_id) {
  RETURN_IF_ERROR(CheckTarget(target_id));
  scans_.Close(target_id);
  return WriteLong([&](SqlSession& session) -> Status {
    RETURN_IF_ERROR(LockTarget(session, target_id, "FOR UPDATE").status());
    RETURN_IF_ERROR(ForgetRows(session, target_id));
    RETURN_IF_ERROR(ForgetStages(session, target_id));
    // Much of a table at once.
    RETURN_IF_ERROR(session.Do("SET LOCAL enable_seqscan = on", SqlArgs()));
    for (const char* table : {"rows", "more_points"}) {
      RETURN_IF_ERROR(
          session.Do(fmt::format("DELETE FROM {} WHERE point >= $1 AND point < $2", table),
                     SqlArgs(FirstPlace(target_id), FirstPlace(target_id + 1))));
    }
    for (const char* table : {"dead_letters", "adopted"}) {
      RETURN_IF_ERROR(session.Do(fmt::format("DELETE FROM {} WHERE target_id = $1", table),
                                 SqlArgs(target_id)));
    }
    return OkStatus();
  });
}

// -- rows -----------------------------------------------------------------------------------------

StatusOr<std::vector<RowState>> PgLedger::LoadRows(int64_t target_id,
                                                   std::span<const std::string> keys) {
  ASSIGN_OR_RETURN(const PgTarget* target, FindTargetById(target_id));
  const std::unordered_set<std::string_view> wanted(keys.begin(), keys.end());
  std::vector<int64_t> places;
  places.reserve(wanted.size());
  for (const std::string_view key : wanted) {
    places.push_back(RowPlace(target_id, target->pipeline, key));
  }
  // One statement, so it needs no transaction around it.
  ASSIGN_OR_RETURN(const PgPool::Lease pg, Connect());
  std::vector<RowState> out;
  RETURN_IF_ERROR(AsLedgerStatus(LoadPlaces(*pg, places, [&](StoredRow row, int64_t) {
    if (wanted.contains(row.state.key)) out.push_back(std::move(row.state));
  })));
  return out;
}

StatusOr<std::vector<RowHead>> PgLedger::ScanRows(int64_t target_id, const std::string& after_key,
                                                  size_t limit) {
  RETURN_IF_ERROR(CheckTarget(target_id));
  auto page = scans_.Page(target_id, after_key, limit);
  if (!page.ok()) return AsLedgerStatus(page.status());
  return page;
}

StatusOr<std::vector<TextMatch>> PgLedger::FindTexts(const std::string& fingerprint,
                                                     int32_t dimensions,
                                                     std::span<const Sha256Digest> texts,
                                                     int64_t preferred_target) {
  return ReadValue<std::vector<TextMatch>>([&](SqlSession& session) {
    PgTextFinder finder(static_cast<PgSession&>(session), fingerprint, dimensions,
                        preferred_target);
    return finder.Find(texts);
  });
}

Status PgLedger::Adopt(int64_t target_id, std::span<const AdoptedPoint> points) {
  RETURN_IF_ERROR(CheckTarget(target_id));
  // One statement may not touch a row twice.
  std::map<Sha256Digest, Uuid> by_text;
  for (const AdoptedPoint& point : points) by_text[point.text_sha256] = point.point_id;
  PgArray texts(PgType::kBytes);
  PgArray ids(PgType::kUuid);
  for (const auto& [text, id] : by_text) {
    texts.Bytes(View(text));
    ids.Id(id);
  }
  return Write([&](SqlSession& session) {
    PgParams params;
    params.Int(target_id).Array(texts).Array(ids);
    return static_cast<PgSession&>(session)
        .pg()
        .Execute(
            "INSERT INTO adopted (target_id, text_sha256, point)"
            " SELECT $1, * FROM unnest($2, $3) ON CONFLICT (text_sha256, target_id)"
            " DO UPDATE SET point = excluded.point",
            params, {})
        .status();
  });
}

Status PgLedger::DropAdopted(int64_t target_id) {
  return WriteLong([&](SqlSession& session) -> Status {
    RETURN_IF_ERROR(session.Do("SET LOCAL enable_seqscan = on", SqlArgs()));
    return session.Do("DELETE FROM adopted WHERE target_id = $1", SqlArgs(target_id));
  });
}

// -- the protocol of a batch ----------------------------------------------------------------------

Status PgLedger::Commit(const CommitBatch& batch) {
  ASSIGN_OR_RETURN(const PgTarget* target, FindTargetById(batch.target_id));
  const int64_t orphans_until = OrphansUntil(batch.target_id);
  RETURN_IF_ERROR(Write([&](SqlSession& session) {
    return PgCommit(*target, batch, orphans_until).Run(static_cast<PgSession&>(session));
  }));
  Failpoint("ledger-committed");
  return OkStatus();
}

Status PgLedger::Revive(SqlSession& session, int64_t target_id, std::span<const std::string> keys) {
  ASSIGN_OR_RETURN(const PgTarget* target, FindTargetById(session, target_id));
  const std::unordered_set<std::string_view> wanted(keys.begin(), keys.end());
  std::vector<int64_t> places;
  places.reserve(wanted.size());
  for (const std::string_view key : wanted) {
    places.push_back(RowPlace(target_id, target->pipeline, key));
  }
  PgConnection& pg = static_cast<PgSession&>(session).pg();
  PgRowChanges changes;
  RETURN_IF_ERROR(LoadPlaces(pg, places, [&](StoredRow row, int64_t place) {
    if (!row.state.dead || !wanted.contains(row.state.key)) return;
    row.state.dead = false;
    changes.updated.push_back(RowChange(target_id, place, target->space, row.state, row.written));
  }));
  return WriteRows(pg, target_id, std::move(changes));
}

// -- lineage --------------------------------------------------------------------------------------

StatusOr<ProvenancePage> PgLedger::FindProvenance(const ProvenanceFilter& filter) {
  return ReadValue<ProvenancePage>([&](SqlSession& session) -> StatusOr<ProvenancePage> {
    ASSIGN_OR_RETURN(const std::vector<Target> targets,
                     filter.pipeline.empty() ? AllTargets(session)
                                             : ledger::TargetsOf(session, filter.pipeline));
    PgProvenance provenance(static_cast<PgSession&>(session));
    if (filter.point_id || !filter.keys.empty()) {
      ASSIGN_OR_RETURN(auto records, provenance.Find(targets, filter));
      return CutPage(std::move(records), filter);
    }
    return ListPage(targets, filter,
                    [&](const Target& target, bool deleted, int64_t from, int64_t limit) {
                      return provenance.Load(target, deleted, from, limit);
                    });
  });
}

}  // namespace drift::ledger
