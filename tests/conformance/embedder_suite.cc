#include "tests/conformance/embedder_suite.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <thread>

namespace drift::testing {

using ::testing::ElementsAreArray;

void PrintTo(const EmbedderSuiteParam& param, std::ostream* out) {
  *out << param.name;
}

std::string EmbedderSuiteName(const ::testing::TestParamInfo<EmbedderSuiteParam>& info) {
  return info.param.name;
}

void EmbedderSuite::SetUp() {
  embedder_ = GetParam().make();
  if (embedder_ == nullptr) GTEST_SKIP() << GetParam().name << " is not installed (make models)";
}

Embeddings EmbedderSuite::Embed(const std::vector<std::string>& texts, InputKind kind) {
  auto result = embedder_->Embed(texts, kind, {});
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_EQ(result->vectors.size(), texts.size());
  return std::move(result).value();
}

std::chrono::steady_clock::duration BestCancelTime(
    const std::function<Status(std::stop_token)>& call, const std::function<void()>& when_running) {
  using Clock = std::chrono::steady_clock;
  constexpr int kTries = 5;
  auto best = Clock::duration::max();
  for (int i = 0; i < kTries; ++i) {
    std::stop_source stop;
    Clock::time_point asked;
    std::thread canceller([&] {
      when_running();
      asked = Clock::now();
      stop.request_stop();
    });
    const Status status = call(stop.get_token());
    const auto returned = Clock::now();
    canceller.join();
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kCancelled) << status;
    best = std::min(best, std::max(returned - asked, Clock::duration::zero()));
  }
  return best;
}

std::vector<std::string> TextsOfManyKinds() {
  std::vector<std::string> out = {
      "a",
      "The quick brown fox jumps over the lazy dog.",
      "Fällt der Straßenbahnfahrer über die Brücke?",
      "Où est la bibliothèque ? Là-bas, derrière l'église.",
      "¿Cuánto cuesta el envío a Málaga?",
      "Быстрая коричневая лиса перепрыгивает через ленивую собаку.",
      "素早い茶色の狐がのろまな犬を飛び越える。",
      "敏捷的棕色狐狸跳过了懒狗。",
      "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
      "الثعلب البني السريع يقفز فوق الكلب الكسول",
      "השועל החום המהיר קופץ מעל הכלב העצלן",
      "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।",
      "👩‍👩‍👧 emoji 🎉, combining e\u0301, ligature ﬁ",
      "  leading and trailing space  ",
      "line one\nline two\r\n\ttabbed \"quoted\" \\ back",
      "{\"json\": [1, 2, {\"x\": null}]}",
      "<s> not a token </s> [CLS] [SEP] <|endoftext|>",
      "e\xCC\x81 zero\xE2\x80\x8Bwidth",
  };
  std::string page;
  for (int i = 0; i < 60; ++i) page += fmt::format("Sentence number {} of a longer page. ", i);
  out.push_back(page);
  return out;
}

namespace {

void ExpectUnit(const Vector& vector, int32_t dimensions) {
  ASSERT_EQ(vector.size(), static_cast<size_t>(dimensions));
  double squares = 0;
  for (const float x : vector.values()) squares += static_cast<double>(x) * x;
  EXPECT_NEAR(squares, 1.0, 1e-5);  // NaN and infinities fail too
}

void ExpectSame(const Vector& a, const Vector& b) {
  EXPECT_THAT(a.values(), ElementsAreArray(b.values().begin(), b.values().end()));
}

}  // namespace

TEST_P(EmbedderSuite, SaysWhatItIs) {
  const ModelInfo& model = embedder_->model();
  EXPECT_FALSE(model.provider.empty());
  EXPECT_FALSE(model.name.empty());
  EXPECT_EQ(model.id(), model.provider + "/" + model.name);
  EXPECT_FALSE(model.fingerprint.empty());
  EXPECT_GT(model.dimensions, 0);
}

TEST_P(EmbedderSuite, GivesOneUnitVectorPerText) {
  const std::vector<std::string> texts = TextsOfManyKinds();
  const Embeddings out = Embed(texts);
  EXPECT_TRUE(out.rejected.empty());
  for (const Vector& vector : out.vectors) ExpectUnit(vector, embedder_->model().dimensions);
  const auto least = static_cast<int64_t>(texts.size());
  EXPECT_GE(out.billed_tokens.value_or(least), least);
}

TEST_P(EmbedderSuite, SameTextSameVectorWhateverStandsBesideIt) {
  std::vector<std::string> texts = TextsOfManyKinds();
  const Embeddings first = Embed(texts);
  const Embeddings again = Embed(texts);
  std::reverse(texts.begin(), texts.end());
  const Embeddings reversed = Embed(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    ExpectSame(first.vectors[i], again.vectors[i]);
    ExpectSame(first.vectors[i], reversed.vectors[texts.size() - 1 - i]);
  }
  const Embeddings alone = Embed({texts.back()});
  ExpectSame(first.vectors[0], alone.vectors[0]);
  const Embeddings twice = Embed({texts[0], texts[0]});
  ExpectSame(twice.vectors[0], twice.vectors[1]);
}

TEST_P(EmbedderSuite, AnotherEmbedderOfTheModelGivesTheSame) {
  const Embeddings first = Embed({"The quick brown fox"});
  const auto other = GetParam().make();
  EXPECT_EQ(other->model().fingerprint, embedder_->model().fingerprint);
  const std::vector<std::string> texts = {"The quick brown fox"};
  const auto second = other->Embed(texts, InputKind::kDocument, {});
  ASSERT_TRUE(second.ok()) << second.status();
  ExpectSame(first.vectors[0], second->vectors[0]);
}

TEST_P(EmbedderSuite, DifferentTextsDiffer) {
  const Embeddings out = Embed({"cat", "economics", "a mountain lake"});
  for (size_t i = 0; i < 3; ++i) {
    const auto a = out.vectors[i].values();
    const auto b = out.vectors[(i + 1) % 3].values();
    double dot = 0;
    for (size_t j = 0; j < a.size(); ++j) dot += static_cast<double>(a[j]) * b[j];
    EXPECT_LT(dot, 0.999);
  }
}

TEST_P(EmbedderSuite, AnEmptyTextIsRejectedAndTheOthersAreNot) {
  const Embeddings whole = Embed({"one", "two"});
  const Embeddings out = Embed({"", "one", "", "two"});
  ASSERT_EQ(out.rejected.size(), 2u);
  EXPECT_EQ(out.rejected[0].index, 0u);
  EXPECT_EQ(out.rejected[1].index, 2u);
  EXPECT_EQ(out.rejected[0].why.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(out.vectors[0].empty());
  EXPECT_TRUE(out.vectors[2].empty());
  ExpectSame(out.vectors[1], whole.vectors[0]);
  ExpectSame(out.vectors[3], whole.vectors[1]);

  const Embeddings nothing = Embed({""});
  EXPECT_EQ(nothing.rejected.size(), 1u);
  EXPECT_EQ(nothing.billed_tokens.value_or(0), 0);
}

TEST_P(EmbedderSuite, QueriesHaveVectorsToo) {
  const Embeddings out = Embed({"where is the library?"}, InputKind::kQuery);
  ExpectUnit(out.vectors[0], embedder_->model().dimensions);
}

TEST_P(EmbedderSuite, VectorsOutliveTheCallAndTheEmbedder) {
  Embeddings out = Embed({"one", "two"});
  const Vector kept = out.vectors[1];
  const Vector clone = kept.Clone();
  out = {};
  embedder_.reset();
  ExpectSame(kept, clone);
}

TEST_P(EmbedderSuite, ACallStoppedBeforehandDoesNothing) {
  std::stop_source stop;
  stop.request_stop();
  const std::vector<std::string> texts = {"one"};
  const auto result = embedder_->Embed(texts, InputKind::kDocument, stop.get_token());
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
}

TEST_P(EmbedderSuite, ACallThatIsStoppedReturnsAtOnce) {
  std::string page;
  for (int i = 0; i < 200; ++i) page += "many words of a long text ";
  const int64_t most = embedder_->limits().max_items;
  const std::vector<std::string> texts(
      most > 0 ? static_cast<size_t>(std::min<int64_t>(500, most)) : 500, page.substr(0, 1500));
  const auto best = BestCancelTime(
      [&](std::stop_token stop) {
        return embedder_->Embed(texts, InputKind::kDocument, stop).status();
      },
      [] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
  EXPECT_LT(best, kCancelLimit);
}

TEST_P(EmbedderSuite, ManyMayCallAtOnce) {
  constexpr int kThreads = 6;
  const std::vector<std::string> texts = TextsOfManyKinds();
  const Embeddings expected = Embed(texts);
  std::vector<std::thread> threads;
  std::vector<StatusOr<Embeddings>> results(kThreads, Internal("not called"));
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // Each begins elsewhere, so that calls differ.
      std::vector<std::string> mine = texts;
      std::rotate(mine.begin(), mine.begin() + t, mine.end());
      results[static_cast<size_t>(t)] = embedder_->Embed(mine, InputKind::kDocument, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 0; t < kThreads; ++t) {
    ASSERT_TRUE(results[t].ok()) << results[t].status();
    for (size_t i = 0; i < texts.size(); ++i) {
      ExpectSame(results[t]->vectors[i], expected.vectors[(i + t) % texts.size()]);
    }
  }
}

}  // namespace drift::testing
