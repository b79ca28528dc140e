// Reading the model catalogue and the price book: config/models.yaml and config/prices.yaml, built
// into the binary, and the files of the same layout that a user lays over them.
#pragma once

#include <string>

#include "config/problems.h"
#include "config/yaml.h"
#include "core/catalogue.h"

namespace drift {

struct Catalogue {
  ModelCatalogue models;
  PriceBook prices;
};

// The built-in ones with the user's files over them; an empty path: no such file. All that is wrong
// goes to `problems`, and what is returned is of use only when that stays empty.
Catalogue LoadCatalogue(const std::string& models_path, const std::string& prices_path,
                        const EnvLookup& environment, Problems& problems);

// One text each, over what is there. `file` is for messages.
void ReadModels(const std::string& file, std::string text, const EnvLookup& environment,
                ModelCatalogue& models, Problems& problems);
void ReadPrices(const std::string& file, std::string text, const EnvLookup& environment,
                PriceBook& prices, Problems& problems);

}  // namespace drift
