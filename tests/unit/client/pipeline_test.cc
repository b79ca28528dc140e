#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;

class PipelineTest : public ClientTest {
 protected:
  PipelineTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("client_test_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
               "_" + std::to_string(reinterpret_cast<uintptr_t>(this)));
    std::filesystem::create_directories(folder_);
  }
  ~PipelineTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path folder_;
};

const char kDocs[] = R"(
  spec {
    name: "docs" source { type: "delta" table: "s3://lake/docs" } key: "id" text: "{body}"
    model: "openai/text-embedding-3-small" dimensions: 1536 sink: "qdrant://db:6334/docs"
    schedule { every_secs: 30 } limits { batch_size: 128 max_in_flight_bytes: 67108864 max_dead_letters: 1000 }
  }
  origin: CONFIG create_time { seconds: 1795166043 })";

TEST_F(PipelineTest, Get) {
  daemon_.pipelines.Get_.Set(Parse<v1::Pipeline>(
      std::string(kDocs) +
      "pause { reason: \"HISTORY_GONE\" message: \"the feed is gone\" remedy: \"run embed\" "
      "since { seconds: 1795166043 } }"));
  EXPECT_EQ(Run({"pipeline", "get", "docs"}).out,
            "docs  (config)\n"
            "  source      delta s3://lake/docs\n"
            "  key         id\n"
            "  text        {body}\n"
            "  chunking    none\n"
            "  model       openai/text-embedding-3-small\n"
            "  dimensions  1,536\n"
            "  sink        qdrant://db:6334/docs\n"
            "  schedule    every 30 s\n"
            "  limits      128 texts a request, 64 MB in flight, 1,000 dead letters\n"
            "  created     2026-11-20 09:14:03Z\n"
            "  paused      since 2026-11-20 09:14:03Z: the feed is gone\n"
            "  to do       run embed\n");
  EXPECT_EQ(daemon_.pipelines.Get_.requests().at(0).name(), "docs");
}

TEST_F(PipelineTest, ApplyAFile) {
  const std::string path = Write("docs.yaml", "name: docs\n");
  daemon_.pipelines.Apply_.Set(Parse<v1::ApplyPipelineResponse>(
      "pipeline { spec { name: \"docs\" } } change: CHANGED difference: \"text, chunking\" "
      "warnings: \"2,431 rows are embedded again; see driftctl plan --pipeline docs\""));
  const Outcome outcome = Run({"pipeline", "apply", "-f", path});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "docs changed: text, chunking\n");
  EXPECT_THAT(outcome.err, HasSubstr("warning: 2,431 rows are embedded again"));
  const v1::ApplyPipelineRequest request = daemon_.pipelines.Apply_.requests().at(0);
  EXPECT_EQ(request.yaml().file_name(), path);
  EXPECT_EQ(request.yaml().text(), "name: docs\n");
  EXPECT_FALSE(request.dry_run());
}

TEST_F(PipelineTest, ApplyStandardInputDry) {
  input_ = "name: docs\n";
  daemon_.pipelines.Apply_.Set(
      Parse<v1::ApplyPipelineResponse>("pipeline { spec { name: \"docs\" } } change: CREATED"));
  EXPECT_EQ(Run({"pipeline", "apply", "-f", "-", "--dry-run"}).out,
            "docs created (dry run: nothing was stored)\n");
  const v1::ApplyPipelineRequest request = daemon_.pipelines.Apply_.requests().at(0);
  EXPECT_EQ(request.yaml().file_name(), "stdin");
  EXPECT_EQ(request.yaml().text(), "name: docs\n");
  EXPECT_TRUE(request.dry_run());
}

TEST_F(PipelineTest, MistakesInTheFile) {
  const std::string path = Write("docs.yaml", "name: docs\n");
  daemon_.pipelines.Apply_.Fail(grpc::INVALID_ARGUMENT,
                                "docs.yaml:1:1: key: is missing\ndocs.yaml:1:1: model: is missing");
  const Outcome outcome = Run({"pipeline", "apply", "-f", path});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "docs.yaml:1:1: key: is missing\ndocs.yaml:1:1: model: is missing\n2 errors\n");
}

TEST_F(PipelineTest, FilesThatCannotBeRead) {
  const std::string missing = folder_ / "none.yaml";
  const Outcome none = Run({"pipeline", "apply", "-f", missing});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err, "error: " + missing + ": No such file or directory\n");
  EXPECT_THAT(Run({"pipeline", "apply", "-f", folder_}).err, HasSubstr(": Is a directory\n"));
  const std::string empty = Write("empty.yaml", "");
  EXPECT_EQ(Run({"pipeline", "apply", "-f", empty}).err, "error: " + empty + ": is empty\n");
  EXPECT_TRUE(daemon_.pipelines.Apply_.requests().empty());
}

TEST_F(PipelineTest, PauseResumeDelete) {
  daemon_.pipelines.Pause_.Set(Parse<v1::Pipeline>(kDocs));
  daemon_.pipelines.Resume_.Set(Parse<v1::Pipeline>(kDocs));
  EXPECT_EQ(Run({"pipeline", "pause", "docs"}).out, "docs paused\n");
  EXPECT_EQ(Run({"pipeline", "resume", "docs"}).out, "docs resumed\n");
  daemon_.pipelines.Delete_.Set(Parse<v1::DeletePipelineResponse>("name: \"docs\""));
  EXPECT_EQ(Run({"pipeline", "delete", "docs"}).out, "docs deleted; its points stay in the sink\n");
  daemon_.pipelines.Delete_.Set(
      Parse<v1::DeletePipelineResponse>("name: \"docs\" index_dropped: true points_deleted: 2431"));
  EXPECT_EQ(Run({"pipeline", "delete", "docs", "--drop-index"}).out,
            "docs deleted with its 2,431 points\n");
  const auto requests = daemon_.pipelines.Delete_.requests();
  EXPECT_FALSE(requests.at(0).drop_index());
  EXPECT_TRUE(requests.at(1).drop_index());
}

TEST_F(PipelineTest, List) {
  v1::ListPipelinesResponse response;
  *response.add_pipelines() = Parse<v1::Pipeline>(kDocs);
  daemon_.pipelines.List_.Set(response);
  EXPECT_EQ(Run({"pipeline", "list"}).out,
            "PIPELINE  FROM    SOURCE          MODEL                          SINK                 "
            "SCHEDULE    PAUSED\n"
            "docs      config  s3://lake/docs  openai/text-embedding-3-small  qdrant db:6334/docs  "
            "every 30 s\n");
  daemon_.pipelines.List_.Set(v1::ListPipelinesResponse());
  const Outcome none = Run({"pipeline", "list"});
  EXPECT_EQ(none.out, "");
  EXPECT_THAT(none.err, HasSubstr("no pipelines yet"));
}

}  // namespace
}  // namespace drift::client
