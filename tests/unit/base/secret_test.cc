#include "base/secret.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text_file.h"

namespace drift {
namespace {

TEST(Secret, ReferencesOnly) {
  EXPECT_TRUE(CheckSecretRef("env:NAME").ok());
  EXPECT_TRUE(CheckSecretRef("file:/run/secrets/x").ok());
  for (const char* text : {"", "env:", "file:", "file:relative", "sk-123456", "ENV:X"}) {
    const Status status = CheckSecretRef(text);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(Message(status),
              "a secret is named, not written: use env:NAME or file:/absolute/path");
  }
}

TEST(Secret, ReadsEnvironmentAndFiles) {
  setenv("DRIFT_TEST_SECRET", "s3", 1);
  EXPECT_EQ(ReadSecret({"env:DRIFT_TEST_SECRET"})->Reveal(), "s3");
  unsetenv("DRIFT_TEST_SECRET");
  EXPECT_EQ(Message(ReadSecret({"env:DRIFT_TEST_SECRET"}).status()),
            "environment variable DRIFT_TEST_SECRET is not set");
  const std::string path = testing::TempDir() + "/secret";
  ASSERT_TRUE(WriteTextFile(path, "abc\n").ok());
  EXPECT_EQ(ReadSecret({"file:" + path})->Reveal(), "abc");
  EXPECT_EQ(ReadSecret({"file:" + path + "-none"}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace drift
