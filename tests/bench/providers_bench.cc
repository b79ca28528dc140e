// How fast the models inside the process are, and reading OpenAI's answers.
//   providers_bench [--threads N] [--seconds S] [MODEL...]
// MODEL: shadow/1536, local/wordllama-256, local/all-minilm-l6-v2, ...; default: all of them that
// are installed. Texts: 400 characters of English.
#include <fmt/core.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "base/rng.h"
#include "config/catalogue.h"
#include "providers/openai/provider.h"
#include "providers/registry.h"

namespace drift {
namespace {

constexpr size_t kTextBytes = 400;
constexpr size_t kBatch = 128;
constexpr const char* kWords[] = {
    "the",   "library", "provides", "a",       "set",  "of",     "tools",   "for",  "reading",
    "files", "from",    "remote",   "servers", "and",  "this",   "package", "also", "contains",
    "its",   "manual",  "pages",    "support", "with", "python", "modules", "fast", "simple"};

std::vector<std::string> Texts(size_t count) {
  std::vector<std::string> out(count);
  uint64_t state = 1;
  for (std::string& text : out) {
    while (text.size() < kTextBytes) {
      text += kWords[SplitMix64(state) % std::size(kWords)];
      text += ' ';
    }
    text.resize(kTextBytes);
  }
  return out;
}

double SecondsSince(MonoTime start) {
  return std::chrono::duration<double>(Clock::Real().Mono() - start).count();
}

void Measure(ProviderRegistry& registry, const std::string& model, int threads, double seconds) {
  const size_t slash = model.find('/');
  const std::string provider = model.substr(0, slash);
  const auto started = Clock::Real().Mono();
  auto embedder =
      registry.MakeEmbedder({.name = provider, .type = provider}, model.substr(slash + 1), 0);
  if (!embedder.ok()) {
    fmt::print("{:<28} {}\n", model, Message(embedder.status()));
    return;
  }
  const double opened = SecondsSince(started);
  const std::vector<std::string> texts = Texts(4096);
  std::atomic<int64_t> done{0};
  std::vector<std::thread> workers;
  const auto start = Clock::Real().Mono();
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      size_t at = static_cast<size_t>(t) * 512;
      // Slow models get small calls, so that the time is kept.
      const size_t batch = provider == "shadow" || model.ends_with("256") ? kBatch : 4;
      while (SecondsSince(start) < seconds) {
        at = (at + batch) % (texts.size() - batch);
        const auto answer =
            (*embedder)->Embed(std::span(texts).subspan(at, batch), InputKind::kDocument, {});
        if (!answer.ok()) std::abort();
        done += static_cast<int64_t>(batch);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  fmt::print("{:<28} {:>9.0f} texts/s, {} threads; opened in {:.0f} ms\n", model,
             static_cast<double>(done) / SecondsSince(start), threads, opened * 1e3);
}

void MeasureDecode(double seconds) {
  constexpr size_t kDimensions = 1536;
  std::string item = "{\"object\":\"embedding\",\"index\":";
  std::string body = "{\"data\":[";
  for (size_t i = 0; i < kBatch; ++i) {
    const std::vector<float> values(kDimensions, 0.0255f);
    body += fmt::format("{}{}{},\"embedding\":\"{}\"}}", i > 0 ? "," : "", item, i,
                        Base64Encode({reinterpret_cast<const char*>(values.data()),
                                      values.size() * sizeof(float)}));
  }
  body += "],\"usage\":{\"total_tokens\":1}}";
  const auto protocol = openai::MakeProtocol({}, "model", 0);
  HttpResponse response;
  response.status = 200;
  response.body = std::move(body);
  const auto start = Clock::Real().Mono();
  int64_t vectors = 0;
  while (SecondsSince(start) < seconds) {
    if (!ReadAnswer(*protocol, response, kBatch, kDimensions).ok()) std::abort();
    vectors += kBatch;
  }
  fmt::print("{:<28} {:>9.0f} vectors/s of {} dimensions, 1 thread\n", "openai answers, base64",
             static_cast<double>(vectors) / SecondsSince(start), kDimensions);
}

int Main(int argc, char** argv) {
  int threads = 1;
  double seconds = 2;
  std::vector<std::string> models;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--threads" && i + 1 < argc) {
      threads = std::atoi(argv[++i]);
    } else if (word == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else {
      models.push_back(word);
    }
  }
  Problems problems;
  const Catalogue catalogue = LoadCatalogue("", "", NoEnvironment(), problems);
  if (models.empty()) {
    models.push_back("shadow/1536");
    for (const ModelEntry& entry : catalogue.models.entries()) {
      if (entry.local) models.push_back(entry.id());
    }
  }
  ProviderRegistry registry(catalogue.models, catalogue.prices, Clock::Real(),
                            local::ModelFiles::DefaultFolders());
  for (const std::string& model : models) Measure(registry, model, threads, seconds);
  MeasureDecode(seconds);
  return 0;
}

}  // namespace
}  // namespace drift

int main(int argc, char** argv) {
  return drift::Main(argc, argv);
}
