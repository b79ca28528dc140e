#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/secret.h"
#include "base/suggest.h"
#include "base/uri.h"
#include "config/config.h"
#include "config/pipeline.h"
#include "core/text_template.h"

namespace drift {
namespace {

constexpr std::string_view kMissing = "is missing";
constexpr std::string_view kReservedColumn = "drift";
constexpr std::string_view kStoredTextColumn = "text";
constexpr size_t kLongestName = 200;
constexpr size_t kLongestColumnName = 1000;

// Storage settings whose value is a secret, by how their names end.
bool IsSecretKey(std::string_view key) {
  for (const std::string_view end : {"secret", "token", "password", "_key"}) {
    if (key.ends_with(end)) return true;
  }
  return false;
}

bool IsSecretOption(std::string_view name) {
  return name == "password" || name == "api_key" || name.ends_with("secret") ||
         name.ends_with("token");
}

template <typename Map>
std::vector<std::string> Names(const Map& map) {
  std::vector<std::string> names;
  names.reserve(map.size());
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

// The place in the text that a template's error names ("'{' at 7 is not closed"), from 0.
size_t OffsetIn(std::string_view message) {
  constexpr std::string_view kAt = " at ";
  const size_t at = message.find(kAt);
  size_t column = 0;
  if (at != std::string_view::npos) {
    std::from_chars(message.data() + at + kAt.size(), message.data() + message.size(), column);
  }
  return column == 0 ? 0 : column - 1;
}

class Checker {
 public:
  Checker(PipelineSpec& spec, const PipelineContext& context, const PipelineReporter& report)
      : spec_(spec), context_(context), report_(report) {}

  void CheckAll() {
    if (spec_.name.empty()) {
      Report("name", kMissing);
    } else {
      Report("name", CheckPipelineName(spec_.name));
    }
    CheckSource();
    if (spec_.key.empty()) Report("key", "is missing; write key: [column]");
    CheckText();
    CheckColumns("key", spec_.key);
    CheckColumns("text_columns", spec_.text_columns);
    CheckColumns("where.not_null", spec_.where_not_null);
    CheckColumns("payload", spec_.payload);
    CheckPayload();
    CheckChunking();
    CheckModel();
    CheckSink();
  }

 private:
  void Report(std::string_view field, std::string_view message, size_t offset = 0) {
    report_(field, message, offset);
  }
  void Report(std::string_view field, const Status& status) {
    if (!status.ok()) Report(field, Message(status));
  }

  void CheckSource() {
    const auto type = context_.checks.source_types.find(spec_.source_type);
    if (type == context_.checks.source_types.end()) {
      const auto known = Names(context_.checks.source_types);
      Report("source.type", fmt::format("unknown source '{}'{}", spec_.source_type,
                                        DidYouMean(spec_.source_type, known)));
      return;
    }
    if (spec_.table.empty()) {
      Report("source.table", kMissing);
    } else if (context_.checks.normalize_table) {
      auto table = context_.checks.normalize_table(spec_.source_type, spec_.table);
      Report("source.table", table.status());
      if (table.ok()) spec_.table = *std::move(table);
    }
    CheckStorage(type->second);
  }

  void CheckStorage(const std::vector<std::string>& known) {
    for (const auto& [key, value] : spec_.storage) {
      const std::string field = fmt::format("source.storage.{}", key);
      if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end()) {
        Report(field, fmt::format("unknown setting{}", DidYouMean(key, known)));
      } else if (IsSecretKey(key)) {
        Report(field, CheckSecretRef(value));
      }
    }
  }

  void CheckText() {
    if (!spec_.text.empty() && !spec_.text_columns.empty()) {
      Report("text_columns", "give text or text_columns, not both");
    }
    if (spec_.text.empty() && spec_.text_columns.empty()) {
      Report("text", "is missing; write text: \"{column}\" or text_columns: [column]");
    }
    if (spec_.text.empty()) return;
    const auto text = TextTemplate::Parse(spec_.text);
    if (!text.ok()) Report("text", Message(text.status()), OffsetIn(Message(text.status())));
  }

  void CheckColumns(std::string_view field, const std::vector<std::string>& columns) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string item = fmt::format("{}[{}]", field, i);
      if (columns[i].empty()) Report(item, "is empty");
      if (columns[i].size() > kLongestColumnName) Report(item, "is too long for a column's name");
      if (std::find(columns.begin(), columns.begin() + static_cast<ptrdiff_t>(i), columns[i]) !=
          columns.begin() + static_cast<ptrdiff_t>(i)) {
        Report(item, fmt::format("'{}' is listed twice", columns[i]));
      }
    }
  }

  void CheckPayload() {
    for (size_t i = 0; i < spec_.payload.size(); ++i) {
      const std::string field = fmt::format("payload[{}]", i);
      if (spec_.payload[i] == kReservedColumn) {
        Report(field,
               "'drift' is reserved for what Drift stores beside a vector; copy the column "
               "under another name in the table");
      }
      if (spec_.payload[i] == kStoredTextColumn && spec_.store_text) {
        Report(field, "'text' is where store_text puts the text; leave out one of them");
      }
    }
  }

  void CheckChunking() {
    const ChunkingSpec& chunking = spec_.chunking;
    if (chunking.type == ChunkingSpec::Type::kNone) {
      if (chunking.size > 0) Report("chunking.size", "has no meaning with type none");
      if (chunking.overlap > 0) Report("chunking.overlap", "has no meaning with type none");
      return;
    }
    if (chunking.size <= 0) {
      Report("chunking.size", "is missing; write how many tokens a chunk may have");
    } else if (chunking.overlap >= chunking.size) {
      Report("chunking.overlap", fmt::format("must be less than size ({})", chunking.size));
    }
  }

  void CheckModel() {
    if (spec_.model.empty()) {
      Report("model", "is missing; write provider/name, e.g. openai/text-embedding-3-small");
      return;
    }
    const size_t slash = spec_.model.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == spec_.model.size()) {
      Report("model", fmt::format("'{}' is not provider/name, e.g. openai/text-embedding-3-small",
                                  spec_.model));
      return;
    }
    const std::string name = spec_.model.substr(0, slash);
    const ProviderConfig* provider = FindProvider(context_.providers, context_.checks, name);
    if (provider == nullptr) {
      Report("model",
             fmt::format("unknown provider '{}'{}", name,
                         DidYouMean(name, ProviderNames(context_.providers,
                                                        context_.checks.well_known_providers))));
      return;
    }
    CheckModelOf(*provider, spec_.model.substr(slash + 1), slash + 1);
  }

  void CheckModelOf(const ProviderConfig& provider, const std::string& model, size_t offset) {
    if (context_.checks.check_model) {
      const Status status = context_.checks.check_model(provider, model);
      if (!status.ok()) {
        Report("model", Message(status), offset);
        return;
      }
    }
    if (context_.checks.check_dimensions) {
      const Status status = context_.checks.check_dimensions(provider, model, spec_.dimensions);
      Report("dimensions", status);
      if (!status.ok()) return;
    }
    if (!context_.checks.check_fallback || spec_.shadow) return;
    for (const std::string& name : provider.fallback) {
      const ProviderConfig* other = FindProvider(context_.providers, context_.checks, name);
      if (other == nullptr) continue;  // reported where it is named
      const Status status =
          context_.checks.check_fallback(provider, *other, model, spec_.dimensions);
      if (!status.ok()) Report("model", Message(status), offset);
    }
  }

  void CheckSink() {
    if (spec_.sink.empty()) {
      Report("sink",
             "is missing; write a URI, e.g. sqlite:///var/lib/drift/index.db?collection=docs");
      return;
    }
    if (!context_.allow_plain_secrets) {
      const Status status = CheckNoPlainSecrets(spec_.sink);
      if (!status.ok()) {
        Report("sink", status);
        return;
      }
    }
    if (!context_.checks.normalize_sink) return;
    auto sink = context_.checks.normalize_sink(spec_.sink);
    if (sink.ok()) {
      spec_.sink = *std::move(sink);
      return;
    }
    const auto uri = ParseUri(spec_.sink);
    const std::string shown = uri.ok() ? uri->ToString() : std::string();
    const std::string_view message = Message(sink.status());
    const bool named = shown.empty() || message.starts_with(shown);
    Report("sink", named ? std::string(message) : fmt::format("{}: {}", shown, message));
  }

  PipelineSpec& spec_;
  const PipelineContext& context_;
  const PipelineReporter& report_;
};

}  // namespace

void CheckPipeline(PipelineSpec& spec, const PipelineContext& context,
                   const PipelineReporter& report) {
  Checker(spec, context, report).CheckAll();
}

Status CheckPipeline(PipelineSpec& spec, const PipelineContext& context) {
  std::string lines;
  CheckPipeline(spec, context, [&](std::string_view field, std::string_view message, size_t) {
    if (!lines.empty()) lines += '\n';
    lines += fmt::format("{}: {}", field, message);
  });
  return lines.empty() ? OkStatus() : InvalidArgument("{}", lines);
}

void CheckPipeline(PipelineSpec& spec, const PipelineContext& context, const YamlValue& value) {
  CheckPipeline(spec, context,
                [&](std::string_view field, std::string_view message, size_t offset) {
                  const YamlValue at = value.At(field);
                  const bool missing = message.starts_with(kMissing);
                  // A value that is there but of a wrong type was complained of already.
                  const bool empty = (at.is_list() && at.List().empty()) || at.Shown() == "''";
                  if (missing && at.exists()) {
                    if (empty) at.Problem("is empty");
                    return;
                  }
                  at.Problem(message, offset);
                });
}

Status CheckPipelineName(std::string_view text) {
  const auto is_alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  const auto is_fine = [&](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; };
  if (!text.empty() && text.size() <= kLongestName && is_alnum(text[0]) &&
      std::all_of(text.begin(), text.end(), is_fine)) {
    return OkStatus();
  }
  return InvalidArgument(
      "'{}' cannot be a name: letters, digits, '_', '-' and '.' only, a letter or digit first, at "
      "most {} characters",
      text.substr(0, kLongestName), kLongestName);
}

Status CheckNoPlainSecrets(const std::string& uri) {
  const auto parsed = ParseUri(uri);
  if (!parsed.ok()) return OkStatus();  // whoever reads the address says what is wrong with it
  if (!parsed->password.empty()) {
    return InvalidArgument(
        "the address holds a password; take it out and add ?password=env:NAME or "
        "?password=file:/path");
  }
  for (const auto& [name, value] : parsed->options) {
    if (!IsSecretOption(name) || CheckSecretRef(value).ok()) continue;
    return InvalidArgument("option '{0}' holds a secret; write {0}=env:NAME or {0}=file:/path",
                           name);
  }
  return OkStatus();
}

}  // namespace drift
