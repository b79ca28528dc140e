// One pipeline: read from YAML, checked wherever it came from.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/checks.h"
#include "config/yaml.h"
#include "core/catalogue.h"
#include "core/spec.h"

namespace drift {

// What a pipeline is checked against. Holds all of it: it may be made on the spot.
struct PipelineContext {
  ConfigChecks checks;
  std::vector<ProviderConfig> providers;  // configured ones
  // Of a command line, where a password in an address is accepted: it is never stored.
  bool allow_plain_secrets = false;
};

// Reads the declaration under `value`, without checking what its parts mean. Wrong types and
// unknown keys are reported.
// `as_printed`: it is what the API printed, which has a field more.
PipelineSpec ReadPipeline(const YamlValue& value, bool as_printed = false);

// Told of one mistake: the field as in YAML ("payload[2]", "chunking.size"), what is wrong with it,
// and the byte of its text, where that much is known.
using PipelineReporter =
    std::function<void(std::string_view field, std::string_view message, size_t offset)>;

// Checks what the declaration means and normalises its addresses. Reports every mistake.
void CheckPipeline(PipelineSpec& spec, const PipelineContext& context,
                   const PipelineReporter& report);

// The same for a pipeline that was not read from YAML. kInvalidArgument: one line per mistake,
// "payload[2]: 'drift' is reserved ...".
Status CheckPipeline(PipelineSpec& spec, const PipelineContext& context);

// The same for one that was read from `value`, with places.
void CheckPipeline(PipelineSpec& spec, const PipelineContext& context, const YamlValue& value);

// One pipeline as YAML or JSON text, read and checked: either the declaration itself or what
// `driftctl pipeline get -o yaml` prints, with the declaration under `spec`. `file` is for
// messages.
// ${NAME} is refused: the text comes from elsewhere and must not read the daemon's environment.
// kInvalidArgument: one line per mistake, "FILE:line:col: path: message".
StatusOr<PipelineSpec> ParsePipeline(const std::string& file, std::string text,
                                     const PipelineContext& context);

// OK, or why `text` cannot be the name of a pipeline.
Status CheckPipelineName(std::string_view text);

// OK, or kInvalidArgument: the URI carries a password or key itself instead of naming where it is.
Status CheckNoPlainSecrets(const std::string& uri);

}  // namespace drift
