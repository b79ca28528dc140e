#include "config/yaml.h"

#include <gtest/gtest.h>

#include <map>

namespace drift {
namespace {

// A document, what is wrong with it, and variables to interpolate.
class YamlTest : public testing::Test {
 protected:
  YamlMap Parse(const std::string& text) {
    EnvLookup environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
    document_ = YamlDocument::Parse("f.yaml", text, environment, problems_);
    if (!document_) {
      static std::optional<YamlDocument> empty;
      Problems ignored;
      empty = YamlDocument::Parse("f.yaml", "", environment, ignored);
      return empty->root(problems_).Map();
    }
    return document_->root(problems_).Map();
  }

  std::string Text(YamlValue value) {
    std::string out;
    value.Read(out);
    return out;
  }

  std::map<std::string, std::string> variables_;
  Problems problems_;
  std::optional<YamlDocument> document_;
};

TEST_F(YamlTest, ReadsEachType) {
  YamlMap map = Parse("s: abc\nb: true\ni: -7\nd: 0.5\nl: [x, 'y z']\nw: tokens\n");
  std::string s;
  bool b = false;
  int32_t i = 0;
  double d = 0;
  std::vector<std::string> l;
  int w = 0;
  EXPECT_TRUE(map["s"].Read(s));
  EXPECT_TRUE(map["b"].Read(b));
  EXPECT_TRUE(map["i"].Read(i, -10, 10));
  EXPECT_TRUE(map["d"].Read(d, 0, 1));
  EXPECT_TRUE(map["l"].Read(l));
  EXPECT_TRUE(map["w"].ReadWord(w, {{"none", 1}, {"tokens", 2}}));
  EXPECT_EQ(s, "abc");
  EXPECT_TRUE(b);
  EXPECT_EQ(i, -7);
  EXPECT_EQ(d, 0.5);
  EXPECT_EQ(l, (std::vector<std::string>{"x", "y z"}));
  EXPECT_EQ(w, 2);
  map.RefuseOthers();
  EXPECT_EQ(problems_.Lines(), "");
}

TEST_F(YamlTest, AbsentAndNullLeaveTheDefault) {
  YamlMap map = Parse("a:\nb: ~\nc: null\nd: ''\n");
  std::string value = "default";
  EXPECT_FALSE(map["a"].Read(value));
  EXPECT_FALSE(map["b"].Read(value));
  EXPECT_FALSE(map["c"].Read(value));
  EXPECT_FALSE(map["missing"].Read(value));
  EXPECT_EQ(value, "default");
  EXPECT_TRUE(map["d"].Read(value));
  EXPECT_EQ(value, "");
  EXPECT_TRUE(problems_.empty());
}

TEST_F(YamlTest, EmptyTextIsAnEmptyMapping) {
  YamlMap map = Parse("# nothing but a comment\n");
  EXPECT_FALSE(map["a"].exists());
  EXPECT_TRUE(problems_.empty());
}

TEST_F(YamlTest, WrongTypesAreAllReportedWithTheirPlaces) {
  YamlMap map = Parse(
      "s: {title}\n"
      "b: yes\n"
      "i: 12 MB\n"
      "j: '12'\n"
      "wait_secs: 25s\n"
      "k: 70000\n"
      "n: 0\n"
      "d: many\n"
      "l: id\n"
      "m: [a, a, , {x: 1}]\n"
      "w: sentences\n"
      "p: [1]\n");
  std::string s;
  bool b;
  int32_t i;
  double d;
  std::vector<std::string> l;
  int w;
  map["s"].Read(s);
  map["b"].Read(b);
  map["i"].Read(i, 0, 100);
  map["j"].Read(i, 0, 100);
  map["wait_secs"].Read(i, 0, 100);
  map["k"].Read(i, 1, 65535);
  map["n"].Read(i, 1);
  map["d"].Read(d, 0, 1);
  map["l"].Read(l);
  map["m"].Read(l);
  map["w"].ReadWord(w, {{"none", 1}, {"sentence", 2}});
  map["p"].Map();
  EXPECT_EQ(problems_.Report(),
            "f.yaml:1:4: s: must be a text, not a mapping; put it in quotes if it starts with '{'\n"
            "f.yaml:2:4: b: must be true or false, not 'yes'\n"
            "f.yaml:3:4: i: must be a whole number, not '12 MB'\n"
            "f.yaml:4:4: j: must be a whole number, not '12'\n"
            "f.yaml:5:12: wait_secs: must be a whole number of seconds, not '25s'\n"
            "f.yaml:6:4: k: must be between 1 and 65535, not '70000'\n"
            "f.yaml:7:4: n: must be at least 1, not '0'\n"
            "f.yaml:8:4: d: must be a number, not 'many'\n"
            "f.yaml:9:4: l: must be a list; write ['id']\n"
            "f.yaml:10:8: m[1]: 'a' is listed twice\n"
            "f.yaml:10:11: m[2]: is empty\n"
            "f.yaml:10:13: m[3]: must be a text, not a mapping; put it in quotes if it starts with "
            "'{'\n"
            "f.yaml:11:4: w: unknown value 'sentences'; did you mean 'sentence'?\n"
            "f.yaml:12:4: p: must be a mapping, not a list\n"
            "14 errors");
}

TEST_F(YamlTest, UnknownAndMissingKeys) {
  YamlMap map = Parse("server:\n  grpc_lisen: x\n  colour: red\n");
  YamlMap server = map["server"].Map();
  server["grpc_listen"];
  server.Require("url");
  server.RefuseOthers();
  EXPECT_EQ(problems_.Lines(),
            "f.yaml:2:3: server.url: is missing\n"
            "f.yaml:2:3: server: unknown key 'grpc_lisen'; did you mean 'grpc_listen'?\n"
            "f.yaml:3:3: server: unknown key 'colour'; known: grpc_listen, url");
}

TEST_F(YamlTest, Interpolates) {
  variables_ = {{"HOST", "db"}, {"EMPTY", ""}, {"PORT", "6334"}};
  YamlMap map = Parse(
      "a: qdrant://${HOST}:${PORT}/x\nb: ${EMPTY:-else}\nc: '${NONE:-}'\nd: $${HOST} and $5\n"
      "e: \"${PORT}\"\nf: ${EMPTY}\n");
  int32_t port = 0;
  EXPECT_EQ(Text(map["a"]), "qdrant://db:6334/x");
  EXPECT_EQ(Text(map["b"]), "else");
  EXPECT_EQ(Text(map["c"]), "");
  EXPECT_EQ(Text(map["d"]), "${HOST} and $5");
  EXPECT_TRUE(map["e"].Read(port, 1, 65535));
  EXPECT_EQ(port, 6334);
  EXPECT_EQ(Text(map["f"]), "");
  EXPECT_EQ(problems_.Lines(), "");
}

TEST_F(YamlTest, InterpolationMistakes) {
  YamlMap map = Parse("a: x ${NONE} y\nb: [1, '${}']\nc: ${A\nd: ${A-b}\n");
  Text(map["a"]);
  EXPECT_EQ(
      problems_.Lines(),
      "f.yaml:1:6: a: environment variable NONE is not set; set it or write ${NONE:-default}\n"
      "f.yaml:2:8: b[1]: '${' must be followed by NAME} or NAME:-default}; $${ is a plain ${\n"
      "f.yaml:3:4: c: '${' must be followed by NAME} or NAME:-default}; $${ is a plain ${\n"
      "f.yaml:4:4: d: '${' must be followed by NAME} or NAME:-default}; $${ is a plain ${");
}

TEST_F(YamlTest, ValuesFromTheEnvironmentAreNotShown) {
  variables_ = {{"TOKEN", "s3cret"}};
  YamlMap map = Parse("n: ${TOKEN}\n");
  int32_t n = 0;
  map["n"].Read(n, 0);
  EXPECT_EQ(problems_.Lines(), "f.yaml:1:4: n: must be a whole number, not '${TOKEN}'");
}

TEST_F(YamlTest, WithoutEnvironmentNothingIsRead) {
  document_ =
      YamlDocument::Parse("f.yaml", "a: ${HOME:-x}\nb: $${HOME}\n", NoEnvironment(), problems_);
  EXPECT_EQ(Text(document_->root(problems_).Map()["b"]), "${HOME}");
  EXPECT_EQ(problems_.Lines(),
            "f.yaml:1:4: a: ${HOME} would read the daemon's environment, which is for its own "
            "configuration; write the value (a secret as env:NAME)");
}

TEST_F(YamlTest, AnchorsAndMergeKeys) {
  YamlMap map = Parse(
      "base: &base {a: 1, b: 2}\n"
      "one: *base\n"
      "two: {<<: *base, b: 3}\n"
      "three:\n  b: 4\n  <<: [{b: 5, c: 6}, *base]\n");
  EXPECT_EQ(Text(map["one"].Map()["b"]), "2");
  EXPECT_EQ(Text(map["two"].Map()["a"]), "1");
  EXPECT_EQ(Text(map["two"].Map()["b"]), "3");
  YamlMap three = map["three"].Map();
  EXPECT_EQ(Text(three["a"]), "1");
  EXPECT_EQ(Text(three["b"]), "4");
  EXPECT_EQ(Text(three["c"]), "6");
  EXPECT_EQ(problems_.Lines(), "");
}

// Places inside a text: past quotes, escapes, wide characters, anchors and interpolation.
TEST_F(YamlTest, PlacesInsideTexts) {
  variables_ = {{"LONG", "0123456789"}};
  YamlMap map = Parse(
      "a: x@\n"
      "b: \"\\n\\u00e9x@\"\n"
      "c: 'it''s @'\n"
      "ü: \"ü ü@\"\n"
      "d: &anchor !!str x@\n"
      "e: ${LONG}@\n"
      "f: |\n  block @\n"
      "g: two\n  lines @\n");
  const std::map<std::string, std::string> expected = {{"a", "1:5"}, {"b", "2:14"}, {"c", "3:11"},
                                                       {"ü", "4:8"}, {"d", "5:19"}, {"e", "6:11"},
                                                       {"f", "7:4"}, {"g", "9:4"}};
  for (const auto& [key, place] : expected) {
    Problems problems;
    const YamlValue value = document_->root(problems).Map()[key];
    std::string text;
    ASSERT_TRUE(value.Read(text));
    value.Problem("here", text.find('@'));
    EXPECT_EQ(problems.Lines(), "f.yaml:" + place + ": " + key + ": here");
  }
}

TEST_F(YamlTest, JsonIsReadToo) {
  YamlMap map =
      Parse("{\"a\":\"x\\\"\\/\\n\",\n\t\"b\":[\"y\",\"z\"],\"c\":{\"d\":12,\"e\":null}}");
  std::vector<std::string> b;
  int32_t d = 0;
  EXPECT_EQ(Text(map["a"]), "x\"/\n");
  EXPECT_TRUE(map["b"].Read(b));
  YamlMap c = map["c"].Map();
  EXPECT_TRUE(c["d"].Read(d, 0));
  EXPECT_FALSE(c["e"].exists());
  EXPECT_EQ(d, 12);
  EXPECT_EQ(problems_.Lines(), "");
}

TEST_F(YamlTest, Entries) {
  YamlMap map = Parse("z: 1\na.b: 2\n");
  const auto entries = map.Entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].first, "z");
  EXPECT_EQ(entries[1].second.path(), "['a.b']");
}

struct Malformed {
  std::string text;
  std::string problem;
};
class YamlMalformedTest : public testing::TestWithParam<Malformed> {};

TEST_P(YamlMalformedTest, IsReported) {
  Problems problems;
  EXPECT_FALSE(YamlDocument::Parse("f.yaml", GetParam().text, ProcessEnvironment(), problems));
  EXPECT_EQ(problems.Lines(), GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    All, YamlMalformedTest,
    testing::Values(
        Malformed{"a: 1\n\tb: 2\n", "f.yaml:2:1: not YAML: a tab indents this line; use spaces"},
        Malformed{"a: [1, 2\nb: 3\n", "f.yaml:2:2: not YAML: end of sequence flow not found"},
        Malformed{"a: {b: ${C}}\n",
                  "f.yaml:1:9: not YAML: end of map flow not found; between braces, ${NAME} has to "
                  "stand in quotes"},
        Malformed{"a: x: y\n", "f.yaml:1:5: not YAML: illegal map value"},
        Malformed{"a: \"x\nb: 2\n", "f.yaml:1:4: the quote that starts here is not closed"},
        Malformed{"a: 'it''s\n", "f.yaml:1:4: the quote that starts here is not closed"},
        Malformed{"a: *none\n", "f.yaml:1:4: not YAML: the referenced anchor is not defined"},
        Malformed{"a: &x [*x]\n", "f.yaml:1:8: the alias stands inside what it refers to"},
        Malformed{"a: 1\nb: 2\na: 3\n",
                  "f.yaml:3:1: key 'a' is given twice; the first is in line 1"},
        Malformed{"a: 1\n---\nb: 1\n",
                  "f.yaml:2:1: '---' starts another document; one is expected"},
        Malformed{"a: !secret x\n", "f.yaml:1:4: a tag (!...) has no meaning here"},
        Malformed{"? [a]\n: 1\n", "f.yaml:1:3: a key must be a plain word"},
        Malformed{"b: {<<: 1}\n", "f.yaml:1:5: '<<' merges a mapping, or a list of mappings"},
        Malformed{"é: \"ok\"\nb: \xff\n", "f.yaml:2:4: not UTF-8; save the file in that encoding"},
        Malformed{std::string("a: b\x04"
                              "c\n"),
                  "f.yaml:1:5: control character U+0004"}));

// Hostile texts end in an error or a value, never in a crash, and quickly.
TEST(YamlHostile, Bombs) {
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'z'; ++name) {
    laughs += fmt::format("{0}: &{0} [*{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}]\n", name,
                          static_cast<char>(name - 1));
  }
  Problems problems;
  EXPECT_TRUE(YamlDocument::Parse("f.yaml", laughs, ProcessEnvironment(), problems));

  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_FALSE(YamlDocument::Parse("f.yaml", deep, ProcessEnvironment(), problems));
  EXPECT_FALSE(problems.empty());
}

}  // namespace
}  // namespace drift
