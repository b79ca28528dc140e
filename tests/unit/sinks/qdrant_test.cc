// What only Qdrant has: the layout of its payload, its index, its errors.
#include <gmock/gmock.h>

#include "core/reasons.h"
#include "sinks/qdrant/client.h"
#include "sinks/qdrant/payload.h"
#include "tests/support/qdrant.h"
#include "tests/unit/sinks/sink_test_base.h"

namespace drift::testing {
namespace {

namespace pb = ::qdrant;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = QdrantServer::Kind;

// Of the kind there is.
Kind AnyKind() {
  return QdrantServer::HasReal() ? Kind::kReal : Kind::kFacade;
}

std::unique_ptr<QdrantServer> StartServer(QdrantServer::Options options) {
  auto server = QdrantServer::Start(std::move(options));
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? std::move(*server) : nullptr;
}

class QdrantTest : public ::testing::Test {
 protected:
  // One server for all tests of the class; each takes a collection of its own.
  static void SetUpTestSuite() { server_ = StartServer({.kind = AnyKind()}).release(); }
  static void TearDownTestSuite() { delete server_; }

  QdrantTest()
      : name_(::testing::UnitTest::GetInstance()->current_test_info()->name()),
        uri_(server_->Uri(name_)),
        sink_(OpenAt(uri_)),
        client_(qdrant::ReadConfig(ParseUri(uri_).value()).value()) {}

  pb::CollectionInfo Info() {
    pb::GetCollectionInfoRequest request;
    request.set_collection_name(name_);
    pb::GetCollectionInfoResponse response;
    const Status status = client_.Call(&pb::Collections::Stub::Get, request, response, {});
    EXPECT_TRUE(status.ok()) << status;
    return response.result();
  }

  pb::RetrievedPoint Get(const Uuid& id) {
    pb::GetPoints request;
    request.set_collection_name(name_);
    request.add_ids()->set_uuid(id.ToString());
    request.mutable_with_payload()->set_enable(true);
    pb::GetResponse response;
    const Status status = client_.Call(&pb::Points::Stub::Get, request, response, {});
    EXPECT_TRUE(status.ok() && response.result_size() == 1) << status;
    return response.result_size() == 1 ? response.result(0) : pb::RetrievedPoint();
  }

  static QdrantServer* server_;
  const std::string name_;
  const std::string uri_;
  const std::unique_ptr<Sink> sink_;
  qdrant::Client client_;
};

QdrantServer* QdrantTest::server_ = nullptr;

TEST_F(QdrantTest, LayoutOfAPoint) {
  Prepare(*sink_, MakeSpec());
  Point point = MakePoint(1);
  point.chunk = 2;
  point.text = "the text";
  point.text_sha256 = Sha256(*point.text);
  point.payload = {
      {"category", std::string("billing")}, {"n", int64_t{5}}, {"flag", true}, {"price", 0.1f},
      {"tags", Json{"[\"a\",1]"}},          {"day", Date{0}}};
  Write(*sink_, {point});
  const auto payload = Get(point.id).payload();
  EXPECT_EQ(payload.at("category").string_value(), "billing");
  EXPECT_EQ(payload.at("n").integer_value(), 5);
  EXPECT_TRUE(payload.at("flag").bool_value());
  EXPECT_EQ(payload.at("price").double_value(), 0.1);
  EXPECT_EQ(payload.at("tags").list_value().values(1).integer_value(), 1);
  EXPECT_EQ(payload.at("day").string_value(), "1970-01-01");
  EXPECT_EQ(payload.at("text").string_value(), "the text");
  ASSERT_EQ(payload.size(), 8u);
  const auto& drift = payload.at("drift").struct_value().fields();
  EXPECT_EQ(drift.size(), 9u);
  EXPECT_EQ(drift.at("key").string_value(), "[\"KB-1\"]");
  EXPECT_EQ(drift.at("chunk").integer_value(), 2);
  EXPECT_EQ(drift.at("source").string_value(), "docs");
  EXPECT_EQ(drift.at("source_version").integer_value(), 7);
  EXPECT_EQ(drift.at("revision").integer_value(), 3);
  EXPECT_EQ(drift.at("run_id").string_value(), "01JRUN");
  EXPECT_EQ(drift.at("model").string_value(), "shadow/4");
  EXPECT_EQ(drift.at("text_sha256").string_value().size(), 64u);
  EXPECT_EQ(drift.at("embedded_at").string_value(), "2025-11-24T16:00:00.123456Z");
}

TEST_F(QdrantTest, LayoutOfTheCollection) {
  Prepare(*sink_, MakeSpec(4));
  const pb::CollectionInfo info = Info();
  EXPECT_EQ(info.config().params().vectors_config().params().size(), 4u);
  EXPECT_EQ(info.config().params().vectors_config().params().distance(), pb::Cosine);
  const auto& metadata = info.config().metadata();
  ASSERT_TRUE(metadata.contains("drift") && metadata.contains("drift.source.docs"));
  EXPECT_EQ(metadata.at("drift").struct_value().fields().at("model").string_value(), "shadow/4");
  EXPECT_EQ(metadata.at("drift").struct_value().fields().at("metric").string_value(), "cosine");
  const auto& owner = metadata.at("drift.source.docs").struct_value().fields();
  EXPECT_EQ(owner.at("ledger").string_value(), "01JLEDGER");
  EXPECT_EQ(owner.at("revision").integer_value(), 3);
  for (const char* field :
       {"drift.source", "drift.key", "drift.revision", "drift.source_version"}) {
    EXPECT_TRUE(info.payload_schema().contains(field)) << field;
  }
}

TEST_F(QdrantTest, TheIndexIsOffWhileLoadingAndOnAfterwards) {
  CollectionSpec spec = MakeSpec(256);
  spec.bulk_load = true;
  Prepare(*sink_, spec);
  EXPECT_EQ(Info().config().optimizer_config().indexing_threshold(), 0u);
  // A load that starts again remembers what was there before the first.
  Prepare(*sink_, spec);
  Write(*sink_, MakePoints(2000, 256));
  ASSERT_TRUE(sink_->BuildIndex({}).ok());
  const pb::CollectionInfo info = Info();
  EXPECT_GT(info.config().optimizer_config().indexing_threshold(), 0u);
  EXPECT_FALSE(info.config().metadata().contains("drift.indexing_threshold"));
  EXPECT_TRUE(info.config().metadata().contains("drift"));
}

TEST_F(QdrantTest, TheServerIndexesInItsOwnTime) {
  if (!QdrantServer::HasReal()) GTEST_SKIP() << "the engine alone does not index by itself";
  CollectionSpec spec = MakeSpec(1024);
  spec.bulk_load = true;
  Prepare(*sink_, spec);
  Write(*sink_, MakePoints(6000, 1024));  // 24 MB, over the threshold of 10
  EXPECT_EQ(Info().indexed_vectors_count(), 0u);
  ASSERT_TRUE(sink_->BuildIndex({}).ok());
  while (Info().indexed_vectors_count() == 0) {
    // Found all the same, by comparing with every point that has no index yet.
    const auto hits = sink_->Search("docs", MakePoint(5999, 1024).vector, 1, {}, {});
    ASSERT_TRUE(hits.ok() && hits->size() == 1) << hits.status();
    ASSERT_EQ(hits->front().point.key, MakePoint(5999).key);
  }
}

TEST_F(QdrantTest, NoVectorIndexWhereNoneIsWanted) {
  Prepare(*OpenAt(uri_ + "?index=none"), MakeSpec());
  EXPECT_TRUE(Info().config().hnsw_config().has_m());
  EXPECT_EQ(Info().config().hnsw_config().m(), 0u);
}

TEST_F(QdrantTest, ThresholdsOfTheUserComeBack) {
  Prepare(*sink_, MakeSpec());
  pb::UpdateCollection request;
  request.set_collection_name(name_);
  request.mutable_optimizers_config()->set_indexing_threshold(4321);
  pb::CollectionOperationResponse response;
  ASSERT_TRUE(client_.Call(&pb::Collections::Stub::Update, request, response, {}).ok());
  CollectionSpec spec = MakeSpec();
  spec.bulk_load = true;
  Prepare(*sink_, spec);
  EXPECT_EQ(Info().config().optimizer_config().indexing_threshold(), 0u);
  ASSERT_TRUE(sink_->BuildIndex({}).ok());
  EXPECT_EQ(Info().config().optimizer_config().indexing_threshold(), 4321u);
}

TEST_F(QdrantTest, ACollectionOfOthersIsRefused) {
  pb::CreateCollection request;
  request.set_collection_name(name_);
  request.mutable_vectors_config()->mutable_params()->set_size(4);
  request.mutable_vectors_config()->mutable_params()->set_distance(pb::Cosine);
  pb::CollectionOperationResponse response;
  ASSERT_TRUE(client_.Call(&pb::Collections::Stub::Create, request, response, {}).ok());
  const Status refused = sink_->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(Reason(refused), reason::kCollectionDiffers);
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("was not made by Drift"));
}

TEST_F(QdrantTest, APointWhosePayloadWasOverwrittenIsPutRight) {
  Prepare(*sink_, MakeSpec());
  Write(*sink_, {MakePoint(1)});
  // As a user may do: the point without any of Drift's fields.
  pb::UpsertPoints request;
  request.set_collection_name(name_);
  request.set_wait(true);
  auto& bare = *request.add_points();
  bare.mutable_id()->set_uuid(MakePoint(1).id.ToString());
  auto& data = *bare.mutable_vectors()->mutable_vector()->mutable_dense()->mutable_data();
  for (const float value : {1.0f, 0.0f, 0.0f, 0.0f}) data.Add(value);
  pb::PointsOperationResponse response;
  ASSERT_TRUE(client_.Call(&pb::Points::Stub::Upsert, request, response, {}).ok());
  const Uuid id = MakePoint(1).id;
  const auto read = sink_->Read({&id, 1}, true, {});
  ASSERT_TRUE(read.ok() && read->size() == 1) << read.status();
  EXPECT_EQ(read->front().key, "");
  Write(*sink_, {MakePoint(1)});
  EXPECT_EQ(Get(id).payload().at("drift").struct_value().fields().at("run_id").string_value(),
            "01JRUN");
}

TEST_F(QdrantTest, AColumnInDriftsPlaceIsAMistakeOfConfiguration) {
  Prepare(*sink_, MakeSpec());
  Point point = MakePoint(1);
  point.payload = {{"drift", int64_t{1}}};
  Status refused = sink_->Write({"docs", {point}}, {}).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("payload column 'drift'"));
  point.payload = {{"text", std::string("mine")}};
  EXPECT_TRUE(sink_->Write({"docs", {point}}, {}).ok());
  point.text = "stored";
  refused = sink_->Write({"docs", {point}}, {}).status();
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("payload column 'text'"));
  EXPECT_THAT(Remedy(refused), HasSubstr("store_text: false"));
}

TEST_F(QdrantTest, NestedAsDeepAsTheServerTakes) {
  Prepare(*sink_, MakeSpec());
  const auto nested = [](int depth) {
    std::string text = "1";
    for (int i = 0; i < depth; ++i) text = "{\"a\":" + text + "}";
    return text;
  };
  Point deep = MakePoint(1);
  deep.payload = {{"deep", Json{nested(29)}}};
  Point deeper = MakePoint(2);
  deeper.payload = {{"deep", Json{nested(60)}}};
  const auto errors = sink_->Write({"docs", {deep, deeper}}, {});
  ASSERT_TRUE(errors.ok()) << errors.status();
  ASSERT_EQ(errors->size(), 1u);
  EXPECT_EQ(errors->front().index, 1u);
  EXPECT_THAT(std::string(Message(errors->front().why)), HasSubstr("nested deeper than 30 levels"));
  const auto read = sink_->Read({&deep.id, 1}, false, {});
  ASSERT_TRUE(read.ok() && read->size() == 1) << read.status();
  EXPECT_EQ(std::get<Json>(read->front().payload[0].second).text, nested(29));
}

// -- Servers with a will of their own -------------------------------------------------------------

TEST(QdrantServerTest, WithoutTheKeyAccessIsRefused) {
  const auto server = StartServer({.kind = AnyKind(), .api_key = "right"});
  setenv("DRIFT_TEST_KEY", "right", 1);
  EXPECT_TRUE(Prepare(*OpenAt(server->Uri("docs") + "?api_key=env:DRIFT_TEST_KEY"), MakeSpec()));
  setenv("DRIFT_TEST_KEY", "wrong-key", 1);
  const auto wrong = OpenAt(server->Uri("docs") + "?api_key=env:DRIFT_TEST_KEY");
  const Status with_wrong = wrong->Describe({}).status();
  EXPECT_EQ(with_wrong.code(), StatusCode::kUnauthenticated) << with_wrong;
  EXPECT_THAT(Remedy(with_wrong), HasSubstr("check the API key"));
  EXPECT_THAT(with_wrong.ToString(), Not(HasSubstr("wrong-key")));
  const Status without = OpenAt(server->Uri("docs"))->Describe({}).status();
  EXPECT_EQ(without.code(), StatusCode::kUnauthenticated) << without;
  EXPECT_THAT(Remedy(without), HasSubstr("?api_key=env:QDRANT_API_KEY"));
}

TEST(QdrantServerTest, Tls) {
  const auto server = StartServer({.kind = AnyKind(), .tls = true});
  const auto sink = OpenAt(server->Uri("docs"));
  EXPECT_TRUE(Prepare(*sink, MakeSpec()));
  Write(*sink, MakePoints(10));
  // An authority that is not known, and a client that does not speak TLS.
  const std::string place = fmt::format("127.0.0.1:{}/docs", server->port());
  EXPECT_EQ(OpenAt("qdrants://" + place)->Describe({}).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(OpenAt("qdrant://" + place)->Describe({}).status().code(), StatusCode::kUnavailable);
}

TEST(QdrantServerTest, TheRestPortIsNamedAsSuch) {
  if (!QdrantServer::HasReal()) GTEST_SKIP() << "the facade has no REST port";
  const auto server = StartServer({});
  ASSERT_TRUE(server != nullptr);
  const auto sink = OpenAt(fmt::format("qdrant://127.0.0.1:{}/docs", server->rest_port()));
  const Status status = sink->Describe({}).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(Message(status)), HasSubstr("answers HTTP/1, not gRPC"));
}

Status WriteTo(const std::string& faults, int calls = 1) {
  const auto server = StartServer({.kind = Kind::kFacade, .faults = faults});
  const auto sink = OpenAt(server->Uri("docs"));
  Prepare(*sink, MakeSpec());
  Status status;
  for (int call = 0; call < calls; ++call) {
    status = sink->Write({"docs", MakePoints(3)}, {}).status();
  }
  return status;
}

TEST(QdrantServerTest, ThrottlingSaysHowLong) {
  constexpr char kFaults[] =
      R"({"Upsert": {"times": 1, "code": "RESOURCE_EXHAUSTED", "message": "Rate limiting exceeded",
                     "metadata": {"retry-after": "7"}}})";
  const Status throttled = WriteTo(kFaults);
  EXPECT_EQ(throttled.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfter(throttled), std::chrono::seconds(7));
  EXPECT_TRUE(IsRetryable(throttled));
  EXPECT_TRUE(WriteTo(kFaults, 2).ok());
}

TEST(QdrantServerTest, AFullDiskIsNotTriedAgain) {
  for (const char* faults : {
           R"({"Upsert": {"times": 1, "code": "RESOURCE_EXHAUSTED", "message": "no storage",
                       "metadata": {"qdrant-insufficient-storage": "1"}}})",
           R"x({"Upsert": {"times": 1, "code": "INTERNAL", "message":
                        "Service internal error: No space left on device (os error 28)"}})x"}) {
    const Status full = WriteTo(faults);
    EXPECT_EQ(full.code(), StatusCode::kResourceExhausted) << full;
    EXPECT_EQ(Reason(full), reason::kDiskFull);
    EXPECT_FALSE(IsRetryable(full));
  }
}

TEST(QdrantServerTest, OnlyAppliedIsDone) {
  for (const char* faults :
       {R"({"update_status": "WaitTimeout"})", R"({"update_status": "Acknowledged"})",
        R"({"update_status": "ClockRejected"})"}) {
    const auto server = StartServer({.kind = Kind::kFacade, .faults = faults});
    const auto sink = OpenAt(server->Uri("docs"));
    Prepare(*sink, MakeSpec());
    const Status written = sink->Write({"docs", MakePoints(3)}, {}).status();
    EXPECT_EQ(written.code(), StatusCode::kAborted) << faults << ": " << written;
    const Sink::Deletion deletion{MakePoint(1).id, {9, 9}};
    EXPECT_EQ(sink->Delete({&deletion, 1}, {}).code(), StatusCode::kAborted);
  }
}

TEST(QdrantServerTest, ErrorsInsideTheServerAreTriedAgain) {
  const Status status = WriteTo(
      R"({"Upsert": {"times": 1, "code": "INTERNAL", "message": "Service internal error: x\nmore"}})");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("more")));
}

TEST(QdrantServerTest, AServerTooOldForGuardsIsRefusedAndLeftAsItWas) {
  const auto server = StartServer({.kind = Kind::kFacade, .faults = R"({"drop_metadata": true})"});
  const auto sink = OpenAt(server->Uri("docs"));
  const Status refused = sink->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("version 1.16 or newer is needed"));
  const auto info = sink->Describe({});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_FALSE(info->exists);
}

TEST(QdrantServerTest, ACallTakesNoLongerThanItsTime) {
  const auto server = StartServer({.kind = AnyKind()});
  const auto sink = OpenAt(server->Uri("docs") + "?timeout_secs=1");
  Prepare(*sink, MakeSpec());
  server->Freeze();
  const Status late = sink->Write({"docs", MakePoints(3)}, {}).status();
  server->Thaw();
  EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded) << late;
}

}  // namespace
}  // namespace drift::testing
