// A ledger in PostgreSQL whose server is away, comes back, freezes, or says no.
#include <atomic>
#include <thread>

#include "tests/unit/ledger/pg_ledger_test_base.h"

namespace drift::ledger {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::unique_ptr<testing::PostgresServer> StartServer(const std::string& password = "") {
  auto server = testing::PostgresServer::Start({.password = password});
  EXPECT_TRUE(server.ok()) << server.status();
  return std::move(*server);
}

// All kinds of calls.
std::vector<Status> CallAll(Ledger& ledger, const Target& target) {
  const std::vector<std::string> keys = {"[1]"};
  const std::vector<Sha256Digest> texts = {Sha256("a")};
  return {
      ledger.Ping(),
      ledger.LoadRows(target.id, keys).status(),
      ledger.FindTexts("shadow-8", 8, texts, target.id).status(),
      ledger.ScanRows(target.id, "", 10).status(),
      ledger.LoadStages(target.id).status(),
      ledger.Stage(target.id, std::vector<StagedKey>{{"[1]", 1, {1, 1}}}).status(),
      ledger.Commit(BatchOf(target, {RowOf("[1]", {"a"})})),
      ledger.FindProvenance({.pipeline = kPipeline}).status(),
      ledger.SumCosts({}).status(),
      ledger.GetTarget(target.id).status(),
  };
}

TEST(PgOutageTest, ServerThatWasRestartedIsUsedAgain) {
  const auto server = StartServer();
  const auto ledger = MustOpen(server->Uri("postgres"));
  const Target target = OpenTargetOf(*ledger);
  ASSERT_TRUE(ledger->Commit(BatchOf(target, {RowOf("[1]", {"a"}), RowOf("[2]", {"b"})})).ok());
  // A scan that has begun goes on where it was.
  ASSERT_THAT(ledger->ScanRows(target.id, "", 1).value(), SizeIs(1));
  ASSERT_TRUE(server->Stop().ok());
  for (const Status& status : CallAll(*ledger, target)) {
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  }
  ASSERT_TRUE(server->Run().ok());
  const auto page = ledger->ScanRows(target.id, "[1]", 1);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(*page, SizeIs(1));
  EXPECT_EQ(page->at(0).key, "[2]");
  for (const Status& status : CallAll(*ledger, target)) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Reason(OpenUri(server->Uri("postgres")).status()), kLedgerInUse);
}

// A commit whose answer was lost is tried again by the caller; nothing of it may count twice.
TEST(PgOutageTest, CommitsTriedAgainThroughCrashesCountOnce) {
  constexpr int kBatches = 60;
  constexpr int kRows = 50;
  constexpr int kCrashes = 3;
  const auto server = StartServer();
  const auto ledger = MustOpen(server->Uri("postgres"));
  const Target target = OpenTargetOf(*ledger);
  std::atomic<int> done = 0;
  std::atomic<int> again = 0;
  std::jthread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      std::vector<RowState> rows;
      for (int j = 0; j < kRows; ++j) {
        rows.push_back(RowOf(fmt::format("[{},{}]", i, j), {fmt::format("{} {}", i, j), "more"}));
      }
      CommitBatch batch = BatchOf(target, std::move(rows), i + 1);
      batch.dead_letters.push_back({.key = fmt::format("[\"dead {}\"]", i)});
      for (;;) {
        const Status status = ledger->Commit(batch);
        if (status.ok()) break;
        EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
        if (status.code() != StatusCode::kUnavailable) return;
        ++again;
      }
      ++done;
    }
  });
  for (int crash = 1; crash <= kCrashes; ++crash) {
    while (done < crash * kBatches / (kCrashes + 1)) std::this_thread::yield();
    server->Crash();
    ASSERT_TRUE(server->Run().ok());
  }
  writer.join();
  EXPECT_GT(again, 0);
  const Target now = ledger->GetTarget(target.id).value();
  EXPECT_EQ(now.rows, kBatches * kRows);
  EXPECT_EQ(now.points, 2 * kBatches * kRows);
  EXPECT_EQ(now.dead_letters, kBatches);
  EXPECT_THAT(ledger->ScanRows(target.id, "", 10'000).value(), SizeIs(kBatches * kRows));
  const auto letters = ledger->ListDeadLetters({.limit = 1000}).value();
  ASSERT_THAT(letters, SizeIs(kBatches));
  for (const DeadLetter& letter : letters) {
    EXPECT_EQ(letter.attempts, 1) << letter.key;
  }
}

TEST(PgOutageTest, ServerThatAnswersNothingIsUnavailableInTime) {
  const auto server = StartServer();
  const PgOptions connect = PgOptionsFromUri(ParseUri(server->Uri("postgres")).value()).value();
  const auto ledger = PgLedger::Open(connect, Clock::Real(), Rng::Real(),
                                     {.call_timeout = std::chrono::seconds(2)});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const Target target = OpenTargetOf(**ledger);
  server->Freeze();
  EXPECT_EQ((*ledger)->Commit(BatchOf(target, {RowOf("[1]", {"a"})})).code(),
            StatusCode::kUnavailable);
  server->Thaw();
  Status status;
  for (int i = 0; i < 100; ++i) {
    status = (*ledger)->Commit(BatchOf(target, {RowOf("[1]", {"a"})}));
    if (status.ok()) break;
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  }
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ((*ledger)->GetTarget(target.id)->rows, 1);
}

TEST(PgOutageTest, RefusalsSayWhatIsWrongAndNoPassword) {
  const auto server = StartServer("right horse");
  const std::string port = std::to_string(server->port());
  const auto open = [&](const std::string& user, const std::string& database) {
    return OpenUri("postgresql://" + user + "@127.0.0.1:" + port + "/" + database).status();
  };
  Status status = open("drift:wrong%20horse", "postgres");
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated) << status;
  EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("horse")));
  EXPECT_THAT(std::string(Message(status)), HasSubstr("127.0.0.1:" + port + "/postgres"));
  const std::string admin = "drift:right%20horse";
  EXPECT_EQ(open(admin, "nowhere").code(), StatusCode::kNotFound);
  const auto pg = Connect("postgresql://" + admin + "@127.0.0.1:" + port + "/postgres");
  ASSERT_TRUE(pg->Script("CREATE ROLE guest LOGIN PASSWORD 'g'", {}).ok());
  status = open("guest:g", "postgres");
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status;
  ASSERT_TRUE(pg->Script("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
                         " TEMPLATE template0",
                         {})
                  .ok());
  status = open(admin, "latin");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr("the database is in LATIN1; the ledger needs one in UTF8"));
  // With a schema made for it, a role needs no more rights.
  ASSERT_TRUE(pg->Script("CREATE SCHEMA guests AUTHORIZATION guest", {}).ok());
  EXPECT_TRUE(open("guest:g", "postgres?schema=guests").ok());
}

}  // namespace
}  // namespace drift::ledger
