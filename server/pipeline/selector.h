// A pipeline described by the flags of a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/source.h"
#include "core/spec.h"

namespace drift {

// An absent field takes its default in a new pipeline and is not compared with an old one.
struct RunFlags {
  std::optional<std::string> table;
  std::optional<std::string> text;
  std::optional<std::vector<std::string>> text_columns;
  std::optional<std::vector<std::string>> key;
  std::optional<std::string> model;
  std::optional<std::string> sink;
  std::optional<std::vector<std::string>> payload;
  std::optional<int32_t> batch_size;
  std::optional<bool> dedup;
  std::optional<bool> shadow_mode;
  std::optional<int64_t> since_version;
};

// A pipeline by name, or one described by flags. With both, the flags must say what it says.
struct RunSelector {
  std::string pipeline;
  std::optional<RunFlags> flags;
};

inline constexpr char kDefaultModel[] = "openai/text-embedding-3-small";

// The pipeline that `flags` describe, without its name and not yet normalised.
// kInvalidArgument: table, text or sink is missing, or both forms of text are given.
StatusOr<PipelineSpec> SpecFromFlags(const RunFlags& flags);

// `spec` with what the flags say put in its place.
PipelineSpec WithFlags(PipelineSpec spec, const RunFlags& flags);

// The flags that say something else than `spec`, as they are typed: "--key, --payload". Empty:
// none. `flags` are compared as SpecFromFlags() and normalising made them: `given`.
std::string DifferingFlags(const PipelineSpec& spec, const RunFlags& flags,
                           const PipelineSpec& given);

// Sets the key to `id` if none is given and the table has such a column; checks that all columns of
// the pipeline are there. kInvalidArgument names the column and those of the table.
Status ResolveColumns(PipelineSpec& spec, const std::vector<std::string>& table_columns);

}  // namespace drift
