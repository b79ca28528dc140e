#include "providers/openai/encode.h"

#include <gtest/gtest.h>

#include "net/json.h"

namespace drift::openai {
namespace {

TEST(OpenaiEncodeTest, ExactlyTheBody) {
  const std::vector<std::string> texts = {"a \"quoted\" text", "line\nbreak"};
  EXPECT_EQ(EncodeRequest({texts, "text-embedding-3-small"}),
            R"({"input":["a \"quoted\" text","line\nbreak"],"model":"text-embedding-3-small",)"
            R"("encoding_format":"base64"})");
  EXPECT_EQ(EncodeRequest({std::span(texts).last(1), "m", 512, false}),
            R"({"input":["line\nbreak"],"model":"m","encoding_format":"float","dimensions":512})");
}

TEST(OpenaiEncodeTest, AnyTextComesOutAsItWentIn) {
  std::vector<std::string> texts;
  std::string every_control;
  for (char c = 0; c < 0x20; ++c) every_control += c;
  texts.push_back(every_control + "\x7f\\/\"");
  texts.push_back("日本語 👩‍👩‍👧 \xE2\x80\xA8 \xE2\x80\xA9");
  const auto document = JsonDocument::Parse(EncodeRequest({texts, "m"}));
  ASSERT_TRUE(document.ok()) << document.status();
  const JsonView input = document->root().Get("input").value();
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(input[i].String().value(), texts[i]);
}

}  // namespace
}  // namespace drift::openai
