// What the command line said.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drift::client {

enum class Output { kTable, kJson, kYaml, kCsv };

// driftctl's exit codes.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;
inline constexpr int kExitDeadLetters = 4;

struct GlobalOptions {
  std::string server = "127.0.0.1:7433";
  Output output = Output::kTable;
  std::optional<std::chrono::milliseconds> timeout;
  bool no_color = false;
  bool quiet = false;
};

// Which pipeline `run` and `plan` are about. Absent: not said.
struct SelectorOptions {
  std::string pipeline;
  std::optional<std::string> table;
  std::optional<std::string> text;
  std::vector<std::string> text_columns;
  std::vector<std::string> key;
  std::optional<std::string> model;
  std::optional<std::string> sink;
  std::vector<std::string> payload;
  std::optional<int32_t> batch_size;
  bool no_dedup = false;
  bool shadow_mode = false;
  std::optional<int64_t> since_version;
};

struct RunOptions {
  SelectorOptions selector;
  bool watch = false;
  bool detach = false;
  bool follow = false;                                       // of watch
  std::chrono::milliseconds every{std::chrono::seconds(5)};  // of --follow: between looks
};

struct RunListOptions {
  std::string pipeline;
  int32_t limit = 20;
};

struct PlanOptions {
  SelectorOptions selector;
  bool watch = false;
};

struct PipelineApplyOptions {
  std::string file;  // "-": standard input
  bool dry_run = false;
};

struct StatusOptions {
  std::string pipeline;
  std::string sink;
  std::optional<int32_t> limit;
};

struct CostOptions {
  std::string by = "model";
  std::string since;
  std::string until;
  std::string pipeline;
  std::string provider;
};

struct ReconcileOptions {
  std::string file;  // "-": standard input
  std::string provider = "openai";
};

struct ProvenanceOptions {
  std::string point;
  std::string pipeline;
  std::string key;
};

struct SearchOptions {
  std::string pipeline;
  std::string text;
  int32_t k = 5;
  std::vector<std::string> filters;  // column=value
};

struct DeadLetterOptions {
  std::vector<int64_t> ids;
  std::string pipeline;
  std::string reason;
  std::vector<std::string> keys;
  int32_t limit = 100;
  bool detach = false;
};

}  // namespace drift::client
