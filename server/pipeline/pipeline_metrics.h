// What the pipeline tells the metrics.
#pragma once

#include <string>

#include "base/clock.h"
#include "core/ledger_types.h"
#include "core/spec.h"

namespace drift {

struct Effects;

// Safe for concurrent use; never blocks.
class PipelineMetrics {
 public:
  virtual ~PipelineMetrics() = default;
  virtual void BatchCommitted(const PipelineSpec& spec, const Effects& effects) = 0;
  virtual void RunEnded(const RunRecord& run) = 0;
  virtual void Polled(const std::string& pipeline, Duration took) = 0;
};

}  // namespace drift
