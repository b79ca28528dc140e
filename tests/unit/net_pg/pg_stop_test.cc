// Calls that end before the server has answered.
#include <thread>

#include "base/clock.h"
#include "net/pg_copy.h"
#include "net/pg_pool.h"
#include "tests/unit/net_pg/pg_test_base.h"

namespace drift {
namespace {

using ::testing::HasSubstr;
using testing::PostgresServer;

// Fires a little after the test has begun to wait.
class StopSoon {
 public:
  StopSoon()
      : thread_([this] {
          Clock::Real().Sleep(std::chrono::milliseconds(50), {});
          source_.request_stop();
        }) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

class PgStopTest : public PgTest {};

// That it ends at all is the test: an hour of sleep is asked for.
TEST_F(PgStopTest, StoppedStatementReturnsAndEndsOnTheServer) {
  const int64_t pid = Number(*pg_, "SELECT pg_backend_pid()");
  const StopSoon soon;
  EXPECT_EQ(pg_->Execute("SELECT pg_sleep(3600)", soon.token()).status().code(),
            StatusCode::kCancelled);
  EXPECT_FALSE(pg_->Usable());
  const auto other = Open(options_);
  while (Number(*other, fmt::format("SELECT count(*) FROM pg_stat_activity WHERE pid = {}", pid))) {
    Clock::Real().Sleep(std::chrono::milliseconds(20), {});
  }
}

TEST_F(PgStopTest, TokenThatFiredBeforeStopsAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(pg_->Execute("SELECT pg_sleep(3600)", stop.get_token()).status().code(),
            StatusCode::kCancelled);
  EXPECT_EQ(PgConnection::Open(options_, stop.get_token()).status().code(), StatusCode::kCancelled);
}

TEST_F(PgStopTest, StopOfOneCallDoesNotTouchTheNext) {
  std::stop_source stop;
  EXPECT_TRUE(pg_->Execute("SELECT 1", stop.get_token()).ok());
  stop.request_stop();
  EXPECT_TRUE(pg_->Execute("SELECT 2", {}).ok());
}

TEST_F(PgStopTest, StatementThatTakesTooLongIsGivenUp) {
  pg_->set_call_timeout(std::chrono::milliseconds(30));
  const Status status = pg_->Execute("SELECT pg_sleep(3600)", {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(Message(status)), HasSubstr(pg_->name() + ": no answer in time"));
}

TEST_F(PgStopTest, StoppedTransactionLeavesNothing) {
  ASSERT_TRUE(pg_->Script("CREATE TABLE t (i int)", {}).ok());
  {
    auto transaction = PgTransaction::Begin(*pg_, {});
    ASSERT_TRUE(pg_->Script("INSERT INTO t VALUES (1)", {}).ok());
    const StopSoon soon;
    EXPECT_FALSE(pg_->Script("SELECT pg_sleep(3600)", soon.token()).ok());
  }
  EXPECT_EQ(Number(*Open(options_), "SELECT count(*) FROM t"), 0);
}

TEST(PgServer, FrozenServerIsLeftAtOnce) {
  auto server = PostgresServer::Start({});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto uri = (*server)->CreateDatabase("x");
  ASSERT_TRUE(uri.ok()) << uri.status();
  PgOptions options = PgOptionsFromUri(ParseUri(*uri).value()).value();
  auto pg = PgConnection::Open(options, {}).value();
  auto copying = PgConnection::Open(options, {}).value();
  ASSERT_TRUE(copying->Script("CREATE TABLE t (b bytea)", {}).ok());
  auto copy = PgCopyWriter::Begin(*copying, "COPY t FROM STDIN (FORMAT binary)", {}).value();

  (*server)->Freeze();
  {
    const StopSoon soon;
    EXPECT_EQ(pg->Execute("SELECT 1", soon.token()).status().code(), StatusCode::kCancelled);
    EXPECT_EQ(PgConnection::Open(options, soon.token()).status().code(), StatusCode::kCancelled);
  }
  options.connect_timeout = std::chrono::milliseconds(30);
  EXPECT_EQ(PgConnection::Open(options, {}).status().code(), StatusCode::kDeadlineExceeded);
  // A writer fills the buffers of the system, then waits: not for ever.
  copying->set_call_timeout(std::chrono::milliseconds(30));
  Status status;
  const std::string piece(1 << 20, 'x');
  while (status.ok()) {
    status = copy.Row(1);
    copy.Bytes(piece);
  }
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  (*server)->Thaw();
}

TEST(PgServer, RestartIsUnavailableThenWorksAgain) {
  auto server = PostgresServer::Start({});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto uri = (*server)->CreateDatabase("x");
  ASSERT_TRUE(uri.ok()) << uri.status();
  PgPool pool(PgOptionsFromUri(ParseUri(*uri).value()).value(), 2);
  auto held = pool.Acquire({});
  ASSERT_TRUE(held.ok() && (*held)->Execute("SELECT 1", {}).ok());
  ASSERT_TRUE((*server)->Stop().ok());
  EXPECT_EQ((*held)->Execute("SELECT 1", {}).status().code(), StatusCode::kUnavailable);
  const Status away = pool.Acquire({}).status();
  EXPECT_EQ(away.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(away)),
              HasSubstr(fmt::format("postgresql 127.0.0.1:{}/x", (*server)->port())));
  const Status back = (*server)->Run();
  ASSERT_TRUE(back.ok()) << back;
  auto lease = pool.Acquire({});
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_TRUE((*lease)->Execute("SELECT 1", {}).ok());
}

}  // namespace
}  // namespace drift
