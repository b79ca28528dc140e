// What every embedder must do (core/embedder.h), run by every provider and by the fake:
//
//   INSTANTIATE_TEST_SUITE_P(Shadow, EmbedderSuite,
//                            Values(EmbedderSuiteParam{"shadow", &MakeShadow}), EmbedderSuiteName);
//
// The cases are in embedder_suite.cc.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/embedder.h"

namespace drift::testing {

struct EmbedderSuiteParam {
  std::string name;
  // Called once for each test. Null: its files are not installed; the tests are skipped, and say
  // so.
  std::function<std::shared_ptr<Embedder>()> make;
};

void PrintTo(const EmbedderSuiteParam& param, std::ostream* out);
std::string EmbedderSuiteName(const ::testing::TestParamInfo<EmbedderSuiteParam>& info);

class EmbedderSuite : public ::testing::TestWithParam<EmbedderSuiteParam> {
 protected:
  void SetUp() override;
  Embeddings Embed(const std::vector<std::string>& texts, InputKind kind = InputKind::kDocument);

  std::shared_ptr<Embedder> embedder_;
};

// How long the best of some tries took from the request to stop until `call(token)` returned, which
// must be with kCancelled or OK. `when_running` returns when the call is at work. The best, because
// on a busy machine one try may be late for reasons of its own.
std::chrono::steady_clock::duration BestCancelTime(
    const std::function<Status(std::stop_token)>& call, const std::function<void()>& when_running);

// A cancelled call returns within this time; instrumented code is many times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::milliseconds kCancelLimit{2000};
#else
inline constexpr std::chrono::milliseconds kCancelLimit{100};
#endif

// Texts of several languages, short and long, with what parsers trip over.
std::vector<std::string> TextsOfManyKinds();

}  // namespace drift::testing
