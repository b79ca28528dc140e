// Who may write a ledger in PostgreSQL, when connections come and go.
#include "ledger/pg_lock.h"

#include <unistd.h>

#include <thread>

#include "tests/unit/ledger/pg_ledger_test_base.h"

namespace drift::ledger {
namespace {

using ::testing::HasSubstr;

class PgLockTest : public ::testing::Test {
 protected:
  // Ends the session that holds the lock of a ledger, as an operator or a firewall would.
  void EndLockSession() {
    const auto ended = admin_->Query(
        "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l WHERE l.locktype = 'advisory'"
        " AND l.granted AND l.mode = 'ExclusiveLock'"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        {});
    ASSERT_TRUE(ended.ok()) << ended.status();
    ASSERT_EQ(ended->Text(0, 0), "1");
    while (CountLocks("mode = 'ExclusiveLock'") > 0) {
    }
  }

  int64_t CountLocks(const std::string& which) {
    const auto count = admin_->Execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND " + which +
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        {});
    EXPECT_TRUE(count.ok()) << count.status();
    return count.ok() ? count->Int(0, 0) : -1;
  }

  static void ExpectInUse(const Status& status, const std::string& words) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(Reason(status), kLedgerInUse);
    EXPECT_THAT(std::string(Message(status)), HasSubstr(words));
  }

  const std::string uri_ = testing::FreshDatabase();
  const std::unique_ptr<PgConnection> admin_ = Connect(uri_);
};

TEST_F(PgLockTest, SecondDaemonIsToldProcessAndHost) {
  const auto ledger = MustOpen(uri_);
  char host[48] = {};
  ASSERT_EQ(gethostname(host, sizeof(host) - 1), 0);
  ExpectInUse(OpenUri(uri_).status(), fmt::format("in use by process {}@{};", getpid(), host));
}

TEST_F(PgLockTest, LostLockIsTakenAgainBeforeTheNextWrite) {
  const auto ledger = MustOpen(uri_);
  const Target target = OpenTargetOf(*ledger);
  EndLockSession();
  EXPECT_TRUE(ledger->Commit(BatchOf(target, {RowOf("[1]", {"a"})})).ok());
  EXPECT_EQ(CountLocks("granted AND mode = 'ExclusiveLock'"), 1);
  ExpectInUse(OpenUri(uri_).status(), fmt::format("in use by process {}", getpid()));
}

TEST_F(PgLockTest, DaemonThatLostTheLedgerToAnotherNeverWritesAgain) {
  const auto first = MustOpen(uri_);
  const Target target = OpenTargetOf(*first);
  EndLockSession();
  auto second = MustOpen(uri_);
  const std::string words = fmt::format("was taken over by process {}@", getpid());
  ExpectInUse(first->Commit(BatchOf(target, {RowOf("[1]", {"a"})})), words);
  ASSERT_TRUE(second->Commit(BatchOf(target, {RowOf("[2]", {"b"})})).ok());
  second = nullptr;
  // Nor when the other has gone: what this one remembers of the rows may be out of date.
  ExpectInUse(first->Ping(), words);
  ExpectInUse(first->Stage(target.id, std::vector<StagedKey>{{"[1]", 1, {1, 1}}}).status(), words);
  const auto third = MustOpen(uri_);
  EXPECT_EQ(third->GetTarget(target.id)->rows, 1);
}

// The case a poll of the lock's connection cannot see: the server has given the lock away, and
// nobody has told this daemon.
TEST_F(PgLockTest, WriteIsComparedWithTheEpochInTheLedger) {
  const auto ledger = MustOpen(uri_);
  const Target target = OpenTargetOf(*ledger);
  ASSERT_TRUE(
      admin_
          ->Script("UPDATE drift.drift_ledger SET epoch = epoch + 1, owner = 'driftd 7@elsewhere'",
                   {})
          .ok());
  ExpectInUse(ledger->Commit(BatchOf(target, {RowOf("[1]", {"a"})})),
              "was taken over by process 7@elsewhere");
  EXPECT_EQ(ledger->GetTarget(target.id)->rows, 0);
}

// What had begun under the old owner ends before the new one starts, or never does.
TEST_F(PgLockTest, ClaimWaitsForWritesUnderWay) {
  { const auto made = MustOpen(uri_); }
  const PgOptions options =
      SessionOptions(PgOptionsFromUri(ParseUri(uri_).value()).value(), "drift").value();
  PgLedgerLock old_lock(options, "drift", Clock::Real());
  ASSERT_TRUE(old_lock.Take().ok());
  ASSERT_TRUE(old_lock.Claim().ok());
  const auto writer = PgConnection::Open(options, {}).value();
  auto write = old_lock.Begin(*writer);
  ASSERT_TRUE(write.ok()) << write.status();
  EndLockSession();
  PgLedgerLock new_lock(options, "drift", Clock::Real());
  ASSERT_TRUE(new_lock.Take().ok());
  std::atomic<bool> claimed = false;
  std::jthread claim([&] {
    EXPECT_TRUE(new_lock.Claim().ok());
    claimed = true;
  });
  while (CountLocks("NOT granted") == 0) {
  }
  EXPECT_FALSE(claimed);
  ASSERT_TRUE(writer->Script("UPDATE drift_ledger SET pinged_at = 1", {}).ok());
  ASSERT_TRUE(write->Commit({}).ok());
  claim.join();
  ExpectInUse(old_lock.Begin(*writer).status(), "was taken over by");
  EXPECT_TRUE(new_lock.Begin(*writer).ok());
}

TEST_F(PgLockTest, LedgersOfOneDatabaseDoNotKnowEachOther) {
  const auto one = MustOpen(uri_);
  const auto two = MustOpen(uri_ + "?schema=Other%20one");
  EXPECT_NE(one->id(), two->id());
  const Target target = OpenTargetOf(*one);
  ASSERT_TRUE(one->Commit(BatchOf(target, {RowOf("[1]", {"a"})})).ok());
  EXPECT_EQ(two->GetTarget(target.id).status().code(), StatusCode::kNotFound);
  ExpectInUse(OpenUri(uri_ + "?schema=Other%20one").status(), "in use by process");
}

}  // namespace
}  // namespace drift::ledger
