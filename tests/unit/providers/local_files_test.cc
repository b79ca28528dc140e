#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/encoding.h"
#include "base/text_file.h"
#include "core/reasons.h"
#include "providers/local/model_files.h"
#include "tests/support/process.h"

namespace drift::local {
namespace {

using drift::testing::TempDir;
using ::testing::HasSubstr;

// A tokenizer.json small enough to read: words, in lower case or not at all.
constexpr std::string_view kTokenizer = R"({"version":"1.0","truncation":
  {"direction":"Right","max_length":2,"strategy":"LongestFirst","stride":0},
  "padding":null,"added_tokens":[],"normalizer":{"type":"Lowercase"},
  "pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
  "model":{"type":"WordLevel","vocab":{"[UNK]":0,"hello":1,"world":2},"unk_token":"[UNK]"}})";

TEST(ModelFilesTest, TheFirstFolderThatHasItWins) {
  TempDir first;
  TempDir second;
  ASSERT_TRUE(WriteTextFile(second / "x", "2").ok());
  const ModelFiles files({"/nowhere", first.path(), second.path()});
  EXPECT_EQ(files.Find("x", "local/m").value(), second / "x");
  ASSERT_TRUE(WriteTextFile(first / "x", "1").ok());
  EXPECT_EQ(files.Find("x", "local/m").value(), first / "x");
  EXPECT_EQ(files.Find(second / "x", "local/m").value(), second / "x");
  EXPECT_EQ(files.Open("x", "", "local/m")->file.content(), "1");
}

TEST(ModelFilesTest, WhatIsMissingIsSaidWithTheRemedy) {
  const ModelFiles files({"/nowhere/a", "/nowhere/b"});
  const Status status = files.Find("m/model.onnx", "local/m").status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(status), reason::kModelNotInstalled);
  EXPECT_EQ(Message(status),
            "model local/m is not installed: m/model.onnx is in none of /nowhere/a, /nowhere/b");
  EXPECT_THAT(Remedy(status), HasSubstr("make models"));
  EXPECT_EQ(Message(files.Find("/abs/x", "local/m").status()),
            "model local/m is not installed: there is no /abs/x");
}

TEST(ModelFilesTest, HalfADownloadIsNoModel) {
  TempDir folder;
  ASSERT_TRUE(WriteTextFile(folder / "x", "half").ok());
  const ModelFiles files({folder.path()});
  const Status status = files.Open("x", std::string(64, 'a'), "local/m").status();
  EXPECT_EQ(Reason(status), reason::kModelNotInstalled);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("is damaged or of another release"));
}

TEST(ModelFilesTest, ATokenizerIsOpenedOnceAndCutsNothing) {
  TempDir folder;
  ASSERT_TRUE(WriteTextFile(folder / "t.json", kTokenizer).ok());
  ModelFiles files({folder.path()});
  ModelEntry entry;
  entry.provider = "local";
  entry.name = "m";
  entry.local.emplace().tokenizer = "t.json";
  const auto tokenizer = files.OpenTokenizer(entry);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(files.OpenTokenizer(entry).value(), *tokenizer);
  std::vector<uint32_t> ids;
  ASSERT_TRUE((*tokenizer)->Encode("Hello world hello nobody", false, ids).ok());
  EXPECT_THAT(ids, ::testing::ElementsAre(1, 2, 1, 0));
  EXPECT_EQ((*tokenizer)->Count("hello hello hello", false).value(), 3);
  EXPECT_EQ((*tokenizer)->Encode("\xff", false, ids).code(), StatusCode::kInvalidArgument);
  // More tokens than the first guess at their number.
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "!a";
  ASSERT_TRUE((*tokenizer)->Encode(many, false, ids).ok());
  EXPECT_EQ(ids.size(), 2000u);
}

TEST(ModelFilesTest, WhatIsNoTokenizerIsNamed) {
  TempDir folder;
  ASSERT_TRUE(WriteTextFile(folder / "t.json", "{}").ok());
  ModelFiles files({folder.path()});
  ModelEntry entry;
  entry.local.emplace().tokenizer = "t.json";
  const Status status = files.OpenTokenizer(entry).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("t.json: no tokenizer.json"));
}

TEST(ModelFilesTest, WithoutOnnxRuntimeItSaysSo) {
  TempDir folder;
  ASSERT_EQ(mkdir((folder / "onnxruntime").c_str(), 0755), 0);
  ASSERT_TRUE(WriteTextFile(folder / "onnxruntime/libonnxruntime.so.1", "no library").ok());
  const ModelFiles files({folder.path()});
  const Status status = files.LoadOnnx("local/m");
  EXPECT_EQ(Reason(status), reason::kModelNotInstalled);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr("model local/m needs ONNX Runtime, which is not installed"));
}

TEST(ModelFilesTest, DefaultFolders) {
  setenv("DRIFT_MODELS_DIR", "/m", 1);
  setenv("XDG_DATA_HOME", "/d", 1);
  const auto folders = ModelFiles::DefaultFolders();
  ASSERT_EQ(folders.size(), 4u);
  EXPECT_EQ(folders[0], "/m");
  EXPECT_TRUE(folders[1].ends_with("/../share/drift/models"));
  EXPECT_EQ(folders[2], "/d/drift/models");
  EXPECT_EQ(folders[3], "/usr/share/drift/models");
  unsetenv("DRIFT_MODELS_DIR");
  unsetenv("XDG_DATA_HOME");
  setenv("HOME", "/h", 1);
  EXPECT_THAT(ModelFiles::DefaultFolders(), ::testing::Contains("/h/.local/share/drift/models"));
}

TEST(MappedFileTest, FilesOfAnySize) {
  TempDir folder;
  ASSERT_TRUE(WriteTextFile(folder / "empty", "").ok());
  EXPECT_EQ(MappedFile::Open(folder / "empty")->content(), "");
  EXPECT_EQ(MappedFile::Open(folder / "none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(MappedFile::Open(folder.path()).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(WriteTextFile(folder / "some", "content").ok());
  MappedFile file = MappedFile::Open(folder / "some").value();
  const MappedFile moved = std::move(file);
  EXPECT_EQ(moved.content(), "content");
}

}  // namespace
}  // namespace drift::local
