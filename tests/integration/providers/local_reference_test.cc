// Local models give the vectors that other programs compute from the same files.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/json_text.h"
#include "base/rng.h"
#include "base/text_file.h"
#include "config/catalogue.h"
#include "core/reasons.h"
#include "net/json.h"
#include "providers/registry.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

// Sentences of some languages and pieces to shake them together with.
constexpr const char* kSentences[] = {
    "How do I get my money back for an order that arrived damaged?",
    "The central bank left interest rates unchanged on Thursday.",
    "PostgreSQL stores each table in files of one gigabyte on disk.",
    "Wie lange dauert die Rückerstattung, wenn das Paket nie ankam?",
    "Les remboursements sont traités sous cinq à dix jours ouvrés.",
    "¿Dónde está la biblioteca? Está detrás de la iglesia, señor.",
    "O gato dormiu no telhado durante a tempestade de verão.",
    "Il treno per Firenze parte alle sette e mezza dal binario nove.",
    "Быстрая коричневая лиса перепрыгивает через ленивую собаку.",
    "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί.",
    "素早い茶色の狐がのろまな犬を飛び越える。返金は五日以内です。",
    "敏捷的棕色狐狸跳过了懒狗。退款通常需要五到十个工作日。",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول",
    "השועל החום המהיר קופץ מעל הכלב העצלן",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।",
    "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "Şu köşe yaz köşesi, şu köşe kış köşesi.",
    "Zażółć gęślą jaźń.",
    "def f(x):\n\treturn {'a': [1, 2, x**2], \"b\": None}  # comment",
    "SELECT id, body FROM docs WHERE updated_at > '2026-01-01' ORDER BY 1;",
};
constexpr const char* kPieces[] = {" ",  "  ", "   ", "\n",  "\t",     "▁",    "a",    "…", "—",
                                   "é",  "ß",  "İ",   "日",  "\u0301", "😀",    "1234", ".", "<s>",
                                   "x▁", "ﬁ",  "the", " Th", "\u200b", "\r\n", "¼",    "'", "</s>"};

constexpr size_t kTexts = 1000;

std::vector<std::string> Texts() {
  std::vector<std::string> out(std::begin(kSentences), std::end(kSentences));
  uint64_t state = 7;
  const auto below = [&](size_t n) { return static_cast<size_t>(SplitMix64(state) % n); };
  while (out.size() < kTexts) {
    std::string text;
    for (size_t n = 1 + below(6); n > 0; --n) {
      const bool sentence = below(2) == 0;
      text +=
          sentence ? kSentences[below(std::size(kSentences))] : kPieces[below(std::size(kPieces))];
      if (below(2) == 0) text += ' ';
    }
    // The transformers' limit is 512 tokens.
    if (text.size() < 1000) out.push_back(text);
  }
  return out;
}

std::vector<std::string> Folders() {
  std::vector<std::string> folders = local::ModelFiles::DefaultFolders();
  folders.push_back("build/share/drift/models");  // where tools/models.sh puts them
  return folders;
}

struct Case {
  std::string model;
  std::vector<std::string> arguments;
  double tolerance;  // of each number
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.model;
}

class LocalReferenceTest : public ::testing::TestWithParam<Case> {
 protected:
  // Runs reference.py over the texts.
  void Compute(const std::vector<std::string>& texts) {
    std::string json = "[";
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) json += ',';
      AppendJsonString(json, texts[i]);
    }
    ASSERT_TRUE(WriteTextFile(folder_ / "texts.json", json + "]").ok());
    const auto tokenizer =
        local::ModelFiles(Folders()).Find(GetParam().model + "/tokenizer.json", "");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    std::vector<std::string> args = {"tests/integration/providers/reference.sh"};
    args.push_back(GetParam().arguments[0]);
    args.push_back(tokenizer->substr(0, tokenizer->rfind('/')));
    args.push_back(folder_ / "texts.json");
    args.push_back(folder_ / "out");
    args.insert(args.end(), GetParam().arguments.begin() + 1, GetParam().arguments.end());
    auto process = Process::Spawn({.args = args});
    ASSERT_TRUE(process.ok()) << process.status();
    ASSERT_EQ((*process)->WaitForExit(std::chrono::seconds(240)), 0) << (*process)->Output();
  }

  TempDir folder_;
};

TEST_P(LocalReferenceTest, TheSameVectorsAndTokens) {
  Problems problems;
  const Catalogue catalogue = LoadCatalogue("", "", NoEnvironment(), problems);
  ProviderRegistry registry(catalogue.models, catalogue.prices, Clock::Real(), Folders());
  const ProviderConfig local{.name = "local", .type = "local"};
  const auto embedder = registry.MakeEmbedder(local, GetParam().model, 0);
  if (Reason(embedder.status()) == reason::kModelNotInstalled) {
    GTEST_SKIP() << Message(embedder.status());
  }
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  const auto counter = registry.MakeTokenCounter(local, GetParam().model);
  ASSERT_TRUE(counter.ok()) << counter.status();

  const std::vector<std::string> texts = Texts();
  ASSERT_EQ(texts.size(), kTexts);
  ASSERT_NO_FATAL_FAILURE(Compute(texts));
  const MonoTime began = Clock::Real().Mono();
  const auto embeddings = (*embedder)->Embed(texts, InputKind::kDocument, {});
  const std::chrono::duration<double> took = Clock::Real().Mono() - began;
  ASSERT_TRUE(embeddings.ok()) << embeddings.status();
  ASSERT_TRUE(embeddings->rejected.empty());

  const std::string bytes = ReadTextFile(folder_ / "out").value();
  const auto width = static_cast<size_t>((*embedder)->model().dimensions);
  ASSERT_EQ(bytes.size(), texts.size() * width * sizeof(float));
  double worst = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    std::vector<float> expected(width);
    std::memcpy(expected.data(), &bytes[i * width * sizeof(float)], width * sizeof(float));
    const auto got = embeddings->vectors[i].values();
    for (size_t j = 0; j < width; ++j) {
      const double off = std::abs(static_cast<double>(got[j]) - expected[j]);
      ASSERT_LE(off, GetParam().tolerance) << "text " << i << ": " << texts[i];
      worst = std::max(worst, off);
    }
  }
  // For people, who see both on the same machine at about the same time.
  const double seconds = std::stod(ReadTextFile(folder_ / "out.seconds").value());
  const auto rate = [](double secs) { return static_cast<double>(kTexts) / secs; };
  fmt::print("{}: {:.0f} texts/s here, {:.0f} in Python; worst difference {:.1e}\n",
             GetParam().model, rate(took.count()), rate(seconds), worst);

  const auto tokens = JsonDocument::Parse(ReadTextFile(folder_ / "out.tokens").value()).value();
  int64_t sum = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ((*counter)->Count(texts[i]), tokens.root()[i].Int().value()) << texts[i];
    sum += tokens.root()[i].Int().value();
  }
  EXPECT_EQ(embeddings->billed_tokens, sum);
}

INSTANTIATE_TEST_SUITE_P(
    Models, LocalReferenceTest,
    ::testing::Values(
        Case{"wordllama-256", {"static"}, 1e-5},
        Case{"all-minilm-l6-v2", {"onnx", "--pooling", "mean"}, 1e-4},
        Case{"e5-small-v2", {"onnx", "--pooling", "mean", "--prefix", "passage: "}, 1e-4},
        Case{"bge-small-en-v1.5", {"onnx", "--pooling", "cls"}, 1e-4}),
    [](const auto& info) {
      std::string name = info.param.model;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
      return name;
    });

}  // namespace
}  // namespace drift::testing
