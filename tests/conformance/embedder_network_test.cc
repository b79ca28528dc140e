// Providers over a network, at a stand-in that speaks their protocols.
#include "tests/conformance/embedder_suite.h"
#include "tests/fakes/providers/stand_in_models.h"

namespace drift::testing {
namespace {

std::vector<EmbedderSuiteParam> Params() {
  std::vector<EmbedderSuiteParam> out;
  for (const StandInModel& model : StandInModels()) {
    out.push_back({model.type, [model] { return MakeAtStandIn(model); }});
    // As lists of numbers, too, where base64 is what is asked for.
    const bool base64 = model.type == "voyage" || model.type == "cohere" || model.type == "openai";
    if (!base64) continue;
    out.push_back({model.type + "_floats", [model] {
                     return MakeAtStandIn(model, {{"encoding", "float"}});
                   }});
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Network, EmbedderSuite, ::testing::ValuesIn(Params()), EmbedderSuiteName);

}  // namespace
}  // namespace drift::testing
