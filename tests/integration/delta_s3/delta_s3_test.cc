// Delta tables on S3: the same rows as on a disk, and every way in which a store is not there.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "core/reasons.h"
#include "sources/delta/delta_writer.h"
#include "tests/support/delta_ops.h"
#include "tests/support/delta_s3.h"
#include "tests/support/delta_table.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

const Projection kProjection{{"id"}, {"body"}};

// For as long as it lives, an environment variable has another value.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class DeltaS3 : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = S3Server::Start();
    if (started.ok()) {
      server_ = started->release();
      server_->MakeBucket("lake");
    } else if (started.status().code() != StatusCode::kNotFound) {
      FAIL() << Message(started.status());
    }
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "no S3 server; tools/setup.sh test builds it";
    // What lies in the environment of the tests is not meant for them.
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                             "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_PROFILE"}) {
      unsetenv(name);
    }
  }

  static std::unique_ptr<Source> OpenWith(const std::string& table,
                                          std::map<std::string, std::string> storage,
                                          const Projection& projection = kProjection) {
    return Value(delta::OpenDelta({.table = table, .storage = std::move(storage)}, projection));
  }

  static inline S3Server* server_ = nullptr;
};

TEST_F(DeltaS3, SparksTablesReadAsOnADisk) {
  for (const std::string name : {"basic", "deletion_vectors", "partitions", "checkpoints_v2",
                                 "column_mapping", "types", "modern"}) {
    SCOPED_TRACE(name);
    const SparkAnswers answers(name);
    const Projection projection = WholeProjection(answers);
    CopyTable(name, server_->folder() + "/lake/" + name);
    const auto local = Open(SparkTables() + "/" + name, projection);
    const auto remote = OpenWith("s3://lake/" + name, server_->Storage(), projection);
    const Window here = Value(local->Snapshot(std::nullopt, {}));
    const Window there = Value(remote->Snapshot(std::nullopt, {}));
    EXPECT_EQ(here.next, there.next);
    EXPECT_TRUE(Same(Value(ReadRowTexts(*remote, projection, there)),
                     Value(ReadRowTexts(*local, projection, here))));
    Cursor cursor = Value(remote->StartAt(0, {}));
    for (;;) {
      const auto mine = Value(local->Next(cursor, {}, {}));
      const auto theirs = Value(remote->Next(cursor, {}, {}));
      ASSERT_EQ(mine.has_value(), theirs.has_value());
      if (!mine) break;
      EXPECT_EQ(mine->next, theirs->next);
      EXPECT_TRUE(Same(Value(ReadEvents(*remote, *theirs)), Value(ReadEvents(*local, *mine))));
      cursor = mine->next;
    }
  }
}

TEST_F(DeltaS3, WriteReadAndPoll) {
  DeltaTestTable table("s3://lake/written", server_->Storage());
  const auto source = table.Open();
  Cursor cursor = Value(source->Snapshot(std::nullopt, {})).next;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 0);
    EXPECT_EQ(table.Append({{i, "t", "b"}}), i);
    EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 1);
    const auto window = Value(source->Next(cursor, {}, {}));
    EXPECT_EQ(Value(ReadEvents(*source, *window)), Events{fmt::format("{0} insert [{0}]", i)});
    cursor = window->next;
  }
}

TEST_F(DeltaS3, OddPaths) {
  for (const std::string name : {"with space", "per%2520cent", "%C3%BC", "a=b", "plus+"}) {
    SCOPED_TRACE(name);
    DeltaTestTable table("s3://lake/odd/" + name, server_->Storage());
    table.Append({{1, "t", "b"}});
    const auto source = table.Open();
    const Window window = Value(source->Snapshot(std::nullopt, {}));
    EXPECT_EQ(Value(ReadEvents(*source, window)).size(), 1u);
  }
}

TEST_F(DeltaS3, DeltalakesTablesAndConflicts) {
  const std::string table = "s3://lake/theirs";
  const std::string storage = fmt::format(
      R"("storage":{{"AWS_ACCESS_KEY_ID":"{}","AWS_SECRET_ACCESS_KEY":"{}","AWS_REGION":"us-east-1",
      "AWS_ENDPOINT_URL":"{}","AWS_ALLOW_HTTP":"true","conditional_put":"etag"}},)",
      server_->Storage().at("access_key_id"), server_->Storage().at("secret_access_key"),
      server_->endpoint());
  DeltaOps& ops = DeltaOps::Shared();
  ops.Must(storage + R"("op":"create","columns":{"id":"long","body":"string"},
      "rows":[[1,"a"],[2,"b"]])",
           table);
  ops.Must(storage + R"("op":"update","set":{"body":"'x'"},"where":"id = 1")", table);
  ops.Must(storage + R"("op":"delete","where":"id = 2")", table);
  const auto source = OpenWith(table, server_->Storage());
  const auto window = Value(source->Next(Value(source->StartAt(0, {})), {}, {}));
  EXPECT_EQ(Value(ReadEvents(*source, *window)),
            (Events{"0 insert [1]", "0 insert [2]", "1 update_postimage [1]",
                    "1 update_preimage [1]", "2 delete [2]"}));

  DeltaTestTable ours("s3://lake/conflicts", server_->Storage());
  const std::vector<delta::DeltaColumn> columns = {{"id", "long"}};
  const std::vector<Row> rows = {{int64_t{1}}};
  const auto writer = Value(
      delta::DeltaWriter::Open({.table = "s3://lake/conflicts", .storage = server_->Storage()}));
  delta::DeltaAppend first = Value(writer->Begin()), second = Value(writer->Begin());
  ASSERT_TRUE(first.Write(columns, rows).ok());
  ASSERT_TRUE(second.Write(columns, rows).ok());
  EXPECT_EQ(Value(first.Commit()), 1);
  EXPECT_EQ(second.Commit().status().code(), StatusCode::kAborted);
}

TEST_F(DeltaS3, NothingThere) {
  const auto check = [&](const std::string& table) {
    return OpenWith(table, server_->Storage())->Check({}).status();
  };
  EXPECT_TRUE(Fails(check("s3://lake/nowhere"), StatusCode::kNotFound, reason::kTableNotFound,
                    "s3://lake/nowhere: no Delta table here (nothing under _delta_log/)"));
  EXPECT_TRUE(Fails(check("s3://no-such-bucket/docs"), StatusCode::kNotFound,
                    reason::kTableNotFound, "s3://no-such-bucket/docs: no Delta table here ("));
}

TEST_F(DeltaS3, ATableThatIsDeletedWhileItIsWatched) {
  DeltaTestTable table("s3://lake/deleted", server_->Storage());
  const auto source = table.Open();
  const Cursor cursor = Value(source->Snapshot(std::nullopt, {})).next;
  EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 0);
  fs::remove_all(server_->folder() + "/lake/deleted");
  EXPECT_TRUE(Fails(source->Behind(cursor, {}), StatusCode::kNotFound, reason::kTableNotFound,
                    "s3://lake/deleted: no Delta table here"));
}

TEST_F(DeltaS3, WrongCredentials) {
  DeltaTestTable table("s3://lake/locked", server_->Storage());
  for (const std::string key : {"access_key_id", "secret_access_key"}) {
    auto storage = server_->Storage();
    storage[key] = "wrongwrongwrong";
    const Status status = OpenWith("s3://lake/locked", storage)->Check({}).status();
    EXPECT_TRUE(Fails(status, StatusCode::kPermissionDenied, "",
                      "s3://lake/locked: the store refuses access: "));
    for (const auto& [name, secret] : server_->Storage()) {
      if (name == "secret_access_key") {
        EXPECT_EQ(Message(status).find(secret), std::string_view::npos);
      }
    }
    EXPECT_LT(Message(status).size(), 300u) << Message(status);
  }
}

TEST_F(DeltaS3, CredentialsOfTheEnvironment) {
  DeltaTestTable table("s3://lake/env", server_->Storage());
  const auto full = server_->Storage();
  const std::map<std::string, std::string> place = {
      {"endpoint", full.at("endpoint")}, {"region", "us-east-1"}, {"allow_http", "true"}};
  {
    const ScopedVariable id("AWS_ACCESS_KEY_ID", full.at("access_key_id"));
    const ScopedVariable secret("AWS_SECRET_ACCESS_KEY", full.at("secret_access_key"));
    EXPECT_TRUE(OpenWith("s3://lake/env", place)->Check({}).ok());
    const ScopedVariable endpoint("AWS_ENDPOINT_URL", full.at("endpoint"));
    EXPECT_TRUE(OpenWith("s3://lake/env", {{"allow_http", "true"}})->Check({}).ok());
  }
  // Options win; a session token of the environment belongs to other credentials.
  const ScopedVariable id("AWS_ACCESS_KEY_ID", "somebody");
  const ScopedVariable secret("AWS_SECRET_ACCESS_KEY", "else");
  const ScopedVariable token("AWS_SESSION_TOKEN", "entirely");
  EXPECT_TRUE(OpenWith("s3://lake/env", full)->Check({}).ok());
  EXPECT_EQ(OpenWith("s3://lake/env", place)->Check({}).status().code(),
            StatusCode::kPermissionDenied);
}

TEST_F(DeltaS3, NoCredentialsAtAll) {
  // The address of the instance's role is one where nothing listens.
  const ScopedVariable metadata("AWS_METADATA_ENDPOINT",
                                fmt::format("http://127.0.0.1:{}/169.254.169.254", FreePort()));
  const auto full = server_->Storage();
  const auto source = OpenWith(
      "s3://lake/env",
      {{"endpoint", full.at("endpoint")}, {"region", "us-east-1"}, {"allow_http", "true"}});
  const auto began = steady_clock::now();
  const Status status = source->Check({}).status();
  EXPECT_TRUE(Fails(status, StatusCode::kPermissionDenied, "",
                    "no credentials: none in the storage options, none in the environment, and "
                    "this machine has no role"));
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(30));
}

TEST_F(DeltaS3, ADeadEndpointIsToldWithinSeconds) {
  auto storage = server_->Storage();
  storage["endpoint"] = fmt::format("http://127.0.0.1:{}", FreePort());
  const auto source = OpenWith("s3://lake/docs", storage);
  const auto began = steady_clock::now();
  EXPECT_TRUE(Fails(source->Check({}), StatusCode::kUnavailable, "",
                    "s3://lake/docs: the store does not answer: "));
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(15));
}

TEST_F(DeltaS3, AStoreThatHangsIsLeftAtOnce) {
  DeltaTestTable table("s3://lake/hanging", server_->Storage());
  table.Append({{1, "t", "b"}});
  const auto source = table.Open();
  const Window window = Value(source->Snapshot(std::nullopt, {}));
  const Cursor cursor = window.next;
  server_->Freeze();
  const auto expect_stopped = [&](auto call) {
    std::stop_source stop;
    steady_clock::time_point asked;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(milliseconds(200));
      asked = steady_clock::now();
      stop.request_stop();
    });
    const Status status = call(stop.get_token());
    const auto ended = steady_clock::now();
    stopper.join();
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << Message(status);
    EXPECT_LT(ended - asked, milliseconds(100));
  };
  expect_stopped([&](std::stop_token stop) { return source->Behind(cursor, stop).status(); });
  expect_stopped([&](std::stop_token stop) { return source->Check(stop).status(); });
  expect_stopped([&](std::stop_token stop) {
    const auto stream = source->ReadRows(window, stop);
    return stream.ok() ? (*stream)->Next(stop).status() : stream.status();
  });
  const auto fresh = table.Open();
  expect_stopped([&](std::stop_token stop) { return fresh->Check(stop).status(); });
  server_->Thaw();
  EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 0);
  EXPECT_EQ(Value(ReadEvents(*source, window)).size(), 1u);
}

}  // namespace
}  // namespace drift::testing
