#include "ledger/pg_lock.h"

#include <unistd.h>

#include "base/log.h"
#include "ledger/codec.h"
#include "ledger/open.h"

namespace drift::ledger {
namespace {

constexpr std::string_view kProgram = "driftd ";
// A daemon that was killed a moment ago may still hold it: the server has to notice first.
constexpr int kTries = 20;
constexpr std::chrono::milliseconds kBetweenTries{100};
constexpr std::chrono::milliseconds kConnectTimeout{5'000};
// Whatever the server's default, a commit that returns is on its disk.
constexpr char kDurableCommits[] =
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";

// "driftd 4711@host": what sessions of this process are called in the server.
std::string SessionName() {
  char host[48] = {};
  gethostname(host, sizeof(host) - 1);
  return fmt::format("{}{}@{}", kProgram, getpid(), host);
}

// "process 4711@host" for a session's name.
std::string ProcessOf(std::string_view session) {
  if (!session.starts_with(kProgram)) return "another process";
  return fmt::format("process {}", session.substr(kProgram.size()));
}

int64_t LockKey(std::string_view what, const std::string& schema) {
  return TextHash(Sha256(fmt::format("drift {} {}", what, schema)));
}

}  // namespace

StatusOr<PgOptions> SessionOptions(PgOptions options, const std::string& schema) {
  ASSIGN_OR_RETURN(const std::string quoted, PgQuote(schema));
  options.application_name = SessionName();
  options.connect_timeout = kConnectTimeout;
  options.setup = {
      "SET search_path = " + quoted,
      "SET default_transaction_isolation = 'read committed'",
      kDurableCommits,
      // Statements here are made for one plan each, by the indexes. Without statistics yet, in the
      // midst of a first load, the planner would read whole tables instead.
      "SET enable_seqscan = off",
      "SET enable_hashjoin = off",
      "SET enable_mergejoin = off",
      "SET plan_cache_mode = force_generic_plan",
      "SET jit = off",
      "SET statement_timeout = 0",
      // When this machine vanishes, the server ends its sessions in half a minute, not in hours.
      "SET idle_in_transaction_session_timeout = '60s'",
      "SET tcp_keepalives_idle = 10",
      "SET tcp_keepalives_interval = 5",
      "SET tcp_keepalives_count = 4",
  };
  return options;
}

PgLedgerLock::PgLedgerLock(PgOptions options, const std::string& schema, Clock& clock)
    : options_(std::move(options)),
      lock_key_(LockKey("ledger", schema)),
      fence_key_(LockKey("ledger writers", schema)),
      clock_(clock) {}

// -- taking it ------------------------------------------------------------------------------------

Status PgLedgerLock::Take() {
  MutexLock lock(mu_);
  return TakeLocked();
}

Status PgLedgerLock::Hold() {
  MutexLock lock(mu_);
  if (!lost_.ok()) return lost_;
  if (pg_ != nullptr && pg_->Usable()) return OkStatus();
  RETURN_IF_ERROR(TakeLocked());
  LogWarn("the ledger's lock was lost with its connection and is taken again",
          {{"ledger", options_.Name()}});
  return OkStatus();
}

Status PgLedgerLock::TakeLocked() {
  pg_ = nullptr;
  ASSIGN_OR_RETURN(auto pg, PgConnection::Open(options_, {}));
  for (int i = 1;; ++i) {
    if (epoch_ != 0) RETURN_IF_ERROR(CheckEpoch(*pg));
    ASSIGN_OR_RETURN(const bool taken, TryLock(*pg));
    if (taken) break;
    if (i == kTries) return InUse(*pg);
    clock_.Sleep(kBetweenTries, {});
  }
  // Nobody can raise it any more.
  if (epoch_ != 0) RETURN_IF_ERROR(CheckEpoch(*pg));
  pg_ = std::move(pg);
  return OkStatus();
}

StatusOr<bool> PgLedgerLock::TryLock(PgConnection& pg) const {
  PgParams params;
  params.Int(lock_key_);
  ASSIGN_OR_RETURN(const PgResult result,
                   pg.Execute("SELECT pg_try_advisory_lock($1)", params, {}));
  return result.Bool(0, 0);
}

Status PgLedgerLock::InUse(PgConnection& pg) const {
  PgParams params;
  params.Int(lock_key_);
  // The 64 bits of the key are shown as two numbers of 32.
  ASSIGN_OR_RETURN(
      const PgResult holder,
      pg.Execute(
          "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
          " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
          " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
          " AND l.classid::bigint = (($1::bigint >> 32) & 4294967295)"
          " AND l.objid::bigint = ($1::bigint & 4294967295)",
          params, {}));
  const std::string_view name = holder.rows() > 0 ? holder.Text(0, 0) : "";
  return WithReason(
      FailedPrecondition("{}: the ledger is in use by {}; stop that daemon, or give this one a"
                         " ledger of its own",
                         pg.name(), ProcessOf(name)),
      kLedgerInUse);
}

// -- the epoch ------------------------------------------------------------------------------------

Status PgLedgerLock::Claim() {
  MutexLock lock(mu_);
  const std::string sql = fmt::format(
      "BEGIN; SELECT pg_advisory_xact_lock({});"
      "UPDATE drift_ledger SET epoch = epoch + 1, owner = {} RETURNING epoch",
      fence_key_, PgQuoteLiteral(options_.application_name));
  ASSIGN_OR_RETURN(const PgResult claimed, pg_->Query(sql, {}));
  PgTransaction transaction = PgTransaction::Adopt(*pg_);
  const std::string epoch = claimed.rows() == 1 ? claimed.String(0, 0) : "";
  if (epoch.empty()) return DataLoss("{}: the ledger has no id", pg_->name());
  RETURN_IF_ERROR(transaction.Commit({}));
  epoch_ = std::strtoll(epoch.c_str(), nullptr, 10);
  return OkStatus();
}

StatusOr<PgTransaction> PgLedgerLock::Begin(PgConnection& pg) {
  RETURN_IF_ERROR(Hold());
  // One round trip. The shared lock is held to the end, so an epoch that is right here stays so:
  // Claim() waits. The last statement sees what was committed before the lock was granted.
  const std::string sql = fmt::format(
      "BEGIN; SELECT pg_advisory_xact_lock_shared({}); SELECT epoch, owner FROM drift_ledger",
      fence_key_);
  ASSIGN_OR_RETURN(const PgResult now, pg.Query(sql, {}));
  PgTransaction transaction = PgTransaction::Adopt(pg);
  MutexLock lock(mu_);
  if (now.rows() == 1 && now.Text(0, 0) == fmt::format("{}", epoch_)) return transaction;
  return Lost(now.rows() == 1 ? now.Text(0, 1) : "");
}

Status PgLedgerLock::CheckEpoch(PgConnection& pg) {
  ASSIGN_OR_RETURN(const PgResult now, pg.Execute("SELECT epoch, owner FROM drift_ledger", {}));
  if (now.rows() == 1 && now.Int(0, 0) == epoch_) return OkStatus();
  return Lost(now.rows() == 1 ? now.Text(0, 1) : "");
}

Status PgLedgerLock::Lost(std::string_view owner) {
  if (lost_.ok()) {
    LogError("another daemon has taken the ledger over; this one writes nothing more",
             {{"ledger", options_.Name()}, {"owner", ProcessOf(owner)}});
  }
  lost_ = WithReason(
      FailedPrecondition("{}: the ledger was taken over by {} while the connection was lost; start"
                         " this daemon again when that one has stopped",
                         options_.Name(), ProcessOf(owner)),
      kLedgerInUse);
  return lost_;
}

}  // namespace drift::ledger
