#include "client/print.h"

#include <google/protobuf/util/json_util.h>

#include <sstream>

#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

const char kPipelines[] = R"(
  pipelines {
    spec {
      name: "docs"
      source { type: "delta" table: "s3://lake/docs" storage { key: "region" value: "eu-west-1" } }
      key: "id"
      text: "{title}\n\n{body}"
      payload: "category" payload: "yes"
      model: "shadow/8"
      sink: "qdrant://db:6334/docs"
      dedup: true
      schedule { every_secs: 30 }
    }
    origin: CONFIG
    create_time { seconds: 1795166043 }
  }
  pipelines { spec { name: "7" } pause { reason: "HISTORY_GONE" message: "say \"no\", twice" } }
  next_page_token: "t")";

TEST(PrintJson, SnakeCaseDefaultsAndWords) {
  std::ostringstream out;
  PrintJson(out, Parse<v1::Run>("id: \"01J\" state: SUCCEEDED rows_read: 12 cost_usd: 0.5"));
  const std::string json = out.str();
  for (const char* part :
       {"\"id\": \"01J\"", "\"state\": \"SUCCEEDED\"", "\"mode\": \"MODE_UNSPECIFIED\"",
        "\"rows_read\": \"12\"", "\"rows_inserted\": \"0\"", "\"tokens_estimated\": false",
        "\"cost_usd\": 0.5", "\"error\": \"\""}) {
    EXPECT_THAT(json, testing::HasSubstr(part));
  }
  EXPECT_TRUE(json.ends_with("}\n"));
  v1::Run again;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &again).ok());
  EXPECT_EQ(again.rows_read(), 12);
}

TEST(PrintYaml, IsWhatTheConfigurationLooksLike) {
  std::ostringstream out;
  PrintYaml(out, Parse<v1::ListPipelinesResponse>(kPipelines));
  EXPECT_EQ(out.str(), R"(pipelines:
  - spec:
      name: docs
      source:
        type: delta
        table: "s3://lake/docs"
        storage:
          region: eu-west-1
      key:
        - id
      text: "{title}\n\n{body}"
      text_columns: []
      payload:
        - category
        - "yes"
      store_text: false
      model: shadow/8
      dimensions: 0
      sink: "qdrant://db:6334/docs"
      dedup: true
      schedule:
        every_secs: 30
      shadow: false
    origin: CONFIG
    create_time: "2026-11-20T09:14:03Z"
  - spec:
      name: "7"
      key: []
      text: ""
      text_columns: []
      payload: []
      store_text: false
      model: ""
      dimensions: 0
      sink: ""
      shadow: false
    origin: ORIGIN_UNSPECIFIED
    pause:
      reason: HISTORY_GONE
      message: "say \"no\", twice"
      remedy: ""
next_page_token: t
)");
}

TEST(PrintYaml, AMessageWithNothingInIt) {
  std::ostringstream out;
  PrintYaml(out, v1::GetServerRequest());
  EXPECT_EQ(out.str(), "{}\n");
}

TEST(PrintCsv, OneLinePerElement) {
  std::ostringstream out;
  PrintCsv(out, Parse<v1::SummarizeCostsResponse>(
                    "rows { key: \"a,\\\"b\\\"\" runs: 2 texts: 3 tokens: 4000 cost_usd: 0.25 }"));
  EXPECT_EQ(out.str(),
            "key,runs,texts,tokens,cost_usd,requests,tokens_estimated,"
            "tokens_by_provider,tokens_by_tokenizer,tokens_by_estimate\n"
            "\"a,\"\"b\"\"\",2,3,4000,0.25,0,false,0,0,0\n");
}

TEST(PrintCsv, NestedListsMapsAndAbsentFields) {
  std::ostringstream out;
  PrintCsv(out, Parse<v1::ListPipelinesResponse>(kPipelines));
  std::istringstream lines(out.str());
  std::string header;
  std::string first;
  std::getline(lines, header);
  std::getline(lines, first);
  EXPECT_TRUE(header.starts_with(
      "spec.name,spec.source.type,spec.source.table,spec.source.storage,spec.key,spec.text,"))
      << header;
  EXPECT_TRUE(
      first.starts_with("docs,delta,s3://lake/"
                        "docs,\"{\"\"region\"\":\"\"eu-west-1\"\"}\",\"[\"\"id\"\"]\",\"{title}"))
      << first;
  EXPECT_NE(out.str().find(",2026-11-20T09:14:03Z\n"), std::string::npos);
}

TEST(PrintCsv, OneMessageIsOneLine) {
  std::ostringstream out;
  PrintCsv(out, Parse<v1::CostRow>("key: \"m\" runs: 1"));
  EXPECT_EQ(out.str(),
            "key,runs,texts,tokens,cost_usd,requests,tokens_estimated,"
            "tokens_by_provider,tokens_by_tokenizer,tokens_by_estimate\nm,1,0,0,0,0,false,0,0,0\n");
}

}  // namespace
}  // namespace drift::client
