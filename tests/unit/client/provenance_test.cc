#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;

class ProvenanceTest : public ClientTest {};

const char kLive[] = R"(
  point_id: "5f0c0000-0000-5000-8000-000000000000" pipeline: "docs" source: "/data/docs"
  key: "[\"KB-0193\"]" chunks: 2 table_version: 2 table_version_time { seconds: 1795166043 }
  run_id: "01JRUN" run_mode: WATCH model: "local/wordllama-256" dimensions: 256
  text_sha256: "9e1b" chars: 412 tokens: 96 written_at { seconds: 1795166071 } state: LIVE)";

TEST_F(ProvenanceTest, OfARow) {
  v1::ListProvenanceResponse response;
  *response.add_records() = Parse<v1::Provenance>(kLive);
  *response.add_records() = Parse<v1::Provenance>(kLive);
  response.mutable_records(1)->set_chunk(1);
  response.mutable_records(1)->set_tokens(0);
  daemon_.provenance.List_.Set(response);
  const Outcome outcome = Run({"provenance", "--pipeline", "docs", "--key", "KB-0193"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "[\"KB-0193\"]  LIVE\n"
            "  point       5f0c0000-0000-5000-8000-000000000000  chunk 0 of 2\n"
            "  source      /data/docs, version 2 (2026-11-20 09:14:03Z)\n"
            "  text        sha256 9e1b, 412 characters, 96 tokens\n"
            "  model       local/wordllama-256, 256 dimensions\n"
            "  written     2026-11-20 09:14:31Z by run 01JRUN (watch)\n"
            "  cost        $0.000000\n"
            "  point       5f0c0000-0000-5000-8000-000000000000  chunk 1 of 2\n"
            "  source      /data/docs, version 2 (2026-11-20 09:14:03Z)\n"
            "  text        sha256 9e1b, 412 characters, 0 tokens\n"
            "  model       local/wordllama-256, 256 dimensions\n"
            "  written     2026-11-20 09:14:31Z by run 01JRUN (watch)\n"
            "  cost        $0.000000 (the vector was reused)\n");
  const v1::ListProvenanceRequest request = daemon_.provenance.List_.requests().at(0);
  EXPECT_EQ(request.pipeline(), "docs");
  EXPECT_EQ(request.key(), "KB-0193");
}

TEST_F(ProvenanceTest, OfADeletedRow) {
  v1::ListProvenanceResponse response;
  *response.add_records() = Parse<v1::Provenance>(R"(
    key: "[\"KB-0500\"]" state: DELETED deleted_version: 3 deleted_run_id: "01JTWO"
    deleted_at { seconds: 1795166071 } points_removed: 1 table_version: 0 run_id: "01JONE")");
  daemon_.provenance.List_.Set(response);
  EXPECT_EQ(Run({"provenance", "--pipeline", "docs", "--key", "KB-0500"}).out,
            "[\"KB-0500\"]  DELETED at version 3, by run 01JTWO, 2026-11-20 09:14:31Z; 1 point "
            "removed from the sink. Earlier: version 0, run 01JONE.\n");
}

TEST_F(ProvenanceTest, OfAPoint) {
  daemon_.provenance.Get_.Set(Parse<v1::Provenance>(kLive));
  EXPECT_THAT(Run({"provenance", "--point", "5f0c"}).out, HasSubstr("[\"KB-0193\"]  LIVE\n"));
  const std::string json = Run({"provenance", "--point", "5f0c", "-o", "json"}).out;
  for (const char* part :
       {"\"point_id\": \"5f0c0000-0000-5000-8000-000000000000\"", "\"table_version\": \"2\"",
        "\"state\": \"LIVE\"", "\"deleted_version\": \"0\"", "\"text_sha256\": \"9e1b\"",
        "\"written_at\": \"2026-11-20T09:14:31Z\""}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
}

TEST_F(ProvenanceTest, OfWhatNeverWas) {
  daemon_.provenance.List_.Set(v1::ListProvenanceResponse());
  const Outcome outcome = Run({"provenance", "--pipeline", "docs", "--key", "x"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: pipeline docs has never written a point for key x\n");
}

}  // namespace
}  // namespace drift::client
