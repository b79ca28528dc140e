// How the pipeline gets its source, sink and model without knowing any of them. Implemented by the
// composition root (app.cc) over the registries.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/embedder.h"
#include "core/sink.h"
#include "core/source.h"
#include "core/spec.h"
#include "pipeline/embed_queue.h"

namespace drift {

// Safe for concurrent use. All objects handed out are shared and safe for concurrent use; opening
// one does not contact a server.
class Connectors {
 public:
  virtual ~Connectors() = default;

  // Checks table, sink and model of the spec without contacting them and brings them into the form
  // in which they are compared and stored: absolute addresses, default ports, no secrets (a
  // password in an address is remembered for as long as the process lives), and with `spec.shadow`
  // the shadow of the model. Adds one line per thing a person should know to `warnings`.
  // kInvalidArgument names what is wrong and what is known.
  virtual Status Normalize(PipelineSpec& spec, std::vector<std::string>& warnings) = 0;

  // The same for the address of a sink alone.
  virtual StatusOr<std::string> NormalizeSink(const std::string& sink) = 0;
  // The collection that the address names, without how it is reached and used: who logs in,
  // time-outs and the like may change. `sink` as in PipelineSpec::sink.
  virtual StatusOr<std::string> SinkPlace(const std::string& sink) = 0;

  virtual StatusOr<std::shared_ptr<Source>> OpenSource(const PipelineSpec& spec,
                                                       const Projection& projection) = 0;
  // `sink` as in PipelineSpec::sink.
  virtual StatusOr<std::shared_ptr<Sink>> OpenSink(const std::string& sink) = 0;
  // The one queue of this model at this endpoint in the process. `dimensions` 0: the model's own.
  virtual StatusOr<std::shared_ptr<EmbedQueue>> OpenModel(const std::string& model,
                                                          int32_t dimensions) = 0;
};

}  // namespace drift
