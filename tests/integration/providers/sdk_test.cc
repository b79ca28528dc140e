// What is sent is what the provider's own SDK sends for the same input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_text.h"
#include "base/text_file.h"
#include "net/json.h"
#include "tests/conformance/embedder_suite.h"
#include "tests/fakes/providers/stand_in_models.h"

namespace drift::testing {

// The suite is here for its texts; embedder_network_test runs it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EmbedderSuite);

namespace {

constexpr int kNoSdk = 77;

struct Sent {
  std::string path;
  std::string query;
  std::string key_headers;
  std::string content_type;
  std::string accept;
  std::string body;  // members sorted
};

// A null member says as much as none; Voyage's SDK sends some.
std::string WithoutNulls(JsonView view) {
  if (!view.is_object()) return view.Dump();
  std::string out;
  for (const std::string_view name : view.Names()) {
    if (const auto value = view.Find(name)) out += fmt::format("{}: {}\n", name, value->Dump());
  }
  return out;
}

std::vector<Sent> SentSoFar() {
  const auto document = JsonDocument::Parse(CurrentStandIn().Read("requests")).value();
  std::vector<Sent> out;
  for (size_t i = 0; i < document.root().size(); ++i) {
    const JsonView request = document.root()[i];
    const JsonView headers = request.Get("headers").value();
    const auto body = JsonDocument::Parse(request.GetString("body").value());
    out.push_back({.path = std::string(request.GetString("path").value()),
                   .query = request.Get("query")->Dump(),
                   .key_headers = request.Get("with_key")->Dump(),
                   .content_type = std::string(headers.FindString("content-type")),
                   .accept = std::string(headers.FindString("accept")),
                   .body = body.ok() ? WithoutNulls(body->root()) : ""});
  }
  return out;
}

class SdkTest : public ::testing::TestWithParam<StandInModel> {
 protected:
  // False: the SDKs are not installed.
  static bool SendBySdk(const std::vector<std::string>& texts, int32_t dimensions) {
    TempDir folder;
    std::string json = "[";
    for (const std::string& text : texts) {
      if (json.size() > 1) json += ',';
      AppendJsonString(json, text);
    }
    EXPECT_TRUE(WriteTextFile(folder / "texts.json", json + "]").ok());
    const std::string& type = GetParam().type;
    auto process = Process::Spawn(
        {.args = {"tests/fakes/providers/sdk/run.sh", "tests/integration/providers/sdk_request.py",
                  type, CurrentStandIn().base_url(type), folder / "texts.json",
                  std::to_string(dimensions)}});
    EXPECT_TRUE(process.ok()) << process.status();
    const auto code = (*process)->WaitForExit(std::chrono::seconds(120));
    if (code == kNoSdk) return false;
    EXPECT_EQ(code, 0) << (*process)->Output();
    return true;
  }
};

TEST_P(SdkTest, TheSameRequest) {
  std::vector<std::string> texts = TextsOfManyKinds();
  texts.push_back("control \x01\x1f\x7f, quotes \" ' \\, slash /, \u2028 and \U0001F600");
  for (const bool ask : {false, true}) {
    StandInModel model = GetParam();
    const bool selectable = model.dimensions < 1000;
    if (!ask) model.dimensions = 0;
    if (ask && !selectable) continue;
    const auto embedder = MakeAtStandIn(model);
    const auto answer = embedder->Embed(texts, InputKind::kDocument, {});
    ASSERT_TRUE(answer.ok()) << answer.status();
    if (!SendBySdk(texts, model.dimensions)) GTEST_SKIP() << "the SDKs are not installed";
    const auto sent = SentSoFar();
    ASSERT_GE(sent.size(), 2u);
    const Sent& ours = sent[sent.size() - 2];
    const Sent& theirs = sent.back();
    EXPECT_EQ(ours.body, theirs.body);
    EXPECT_EQ(ours.query, theirs.query);
    EXPECT_EQ(ours.content_type, theirs.content_type);
    if (GetParam().type == "openai" || GetParam().type == "azure") {
      EXPECT_EQ(ours.accept, theirs.accept);
    }
    // The SDK of TEI's makers posts to the server's root, which is the same.
    if (GetParam().type != "tei") {
      EXPECT_EQ(ours.path, theirs.path);
    }
    if (GetParam().needs_key) {
      EXPECT_EQ(ours.key_headers, theirs.key_headers);
    }
  }
}

std::vector<StandInModel> ModelsWithAnSdk() {
  std::vector<StandInModel> out;
  for (const StandInModel& model : StandInModels()) {
    if (model.type != "compat") out.push_back(model);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Providers, SdkTest, ::testing::ValuesIn(ModelsWithAnSdk()),
                         [](const auto& info) { return info.param.type; });

}  // namespace
}  // namespace drift::testing
