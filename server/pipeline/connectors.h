// How the pipeline gets its source, sink and model without knowing any of them. Implemented by the
// composition root (app.cc) over the registries.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "core/embedder.h"
#include "core/sink.h"
#include "core/source.h"
#include "core/spec.h"
#include "pipeline/embed_queue.h"

namespace drift {

// Safe for concurrent use. All objects handed out are shared and safe for concurrent use; opening one
// does not contact a server.
class Connectors {
 public:
  virtual ~Connectors() = default;

  virtual StatusOr<std::shared_ptr<Source>> OpenSource(const PipelineSpec& spec,
                                                       const Projection& projection) = 0;
  // `sink` as in PipelineSpec::sink.
  virtual StatusOr<std::shared_ptr<Sink>> OpenSink(const std::string& sink) = 0;
  // The one queue of this model at this endpoint in the process. `dimensions` 0: the model's own.
  virtual StatusOr<std::shared_ptr<EmbedQueue>> OpenModel(const std::string& model,
                                                          int32_t dimensions) = 0;
};

}  // namespace drift
