// Models of all providers, made by the registry from the built-in catalogue, at the stand-in.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/embedder.h"
#include "tests/fakes/providers/stand_in.h"

namespace drift::testing {

struct StandInModel {
  std::string type;   // of the provider, which has the same name; compat: type openai
  std::string model;  // with room for some thousand tokens a text
  int32_t dimensions = 0;
  bool by_index = false;  // vectors come with their index
  bool needs_key = true;
  int64_t max_texts = 0;  // of a request, or some where there is no limit
};
void PrintTo(const StandInModel& model, std::ostream* out);

// One for each type of provider over a network.
const std::vector<StandInModel>& StandInModels();

// Resets the stand-in and prepares it for the model; its key is in TEST_PROVIDER_KEY. Options are
// those of the provider. Null, with a failure noted, when it cannot be made.
std::shared_ptr<Embedder> MakeAtStandIn(const StandInModel& model,
                                        std::map<std::string, std::string> options = {});
// The counter that belongs to the models made by the call above.
std::unique_ptr<TokenCounter> MakeCounterAtStandIn(const StandInModel& model);

}  // namespace drift::testing
