#include "client/cli_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "client/selector.h"

namespace drift::client {
namespace {

// CLI11's own help, without what it says of checks and of options that exclude one another.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string type = option->get_type_name();
    return type.empty() ? "" : " " + type.substr(0, type.find(':'));
  }
};

}  // namespace

CLI::Validator Whole(int64_t least, int64_t most) {
  const auto check = [least, most](const std::string& text) -> std::string {
    int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    if (whole && number >= least && number <= most) return "";
    return fmt::format("write a whole number from {} to {}, not '{}'", least, most, text);
  };
  return CLI::Validator(check, "");
}

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter() {
  return std::make_shared<HelpFormatter>();
}

CLI::Option* List(CLI::App* app, const std::string& name, std::vector<std::string>& out,
                  const std::string& help) {
  return app->add_option(name, out, help)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B,...");
}

void AddSelector(CLI::App* app, SelectorOptions& out) {
  app->add_option("--pipeline", out.pipeline, "A pipeline by name")->type_name("NAME");
  app->add_option("--table", out.table, "Delta table: a path, s3://, az:// or gs://")
      ->type_name("TABLE");
  CLI::Option* columns = List(app, "--text-col", out.text_columns, "Columns that make up the text");
  app->add_option_function<std::string>(
         "--text", [&out](const std::string& text) { out.text = Unescaped(text); },
         "Template over columns: '{title}\\n\\n{body}'")
      ->type_name("TEMPLATE")
      ->excludes(columns);
  List(app, "--key", out.key, "Key columns; default: id, if the table has it");
  app->add_option("--model", out.model, "provider/name; default openai/text-embedding-3-small")
      ->type_name("MODEL");
  app->add_option("--sink", out.sink,
                  "sqlite:///abs/index.db?collection=C, qdrant://host:6334/C, "
                  "postgresql://user@host/db?table=T")
      ->type_name("URI");
  List(app, "--payload", out.payload, "Columns copied beside the vector");
  app->add_option("--batch-size", out.batch_size, "Texts per request, at most; default 128")
      ->check(Whole(1))
      ->type_name("N");
  app->add_flag("--no-dedup", out.no_dedup, "Embed equal texts each by itself");
  app->add_flag("--shadow-mode", out.shadow_mode,
                "Made-up vectors of the model's dimension: no key, no cost");
  app->add_option("--since-version", out.since_version,
                  "No snapshot: changes of this table version and later")
      ->check(Whole(0, std::numeric_limits<int64_t>::max()))
      ->type_name("N");
}

void AddFilter(CLI::App* app, DeadLetterOptions& out) {
  app->add_option("--pipeline", out.pipeline, "Of this pipeline")->type_name("NAME");
  app->add_option("--reason", out.reason, "With this reason, e.g. TEXT_TOO_LONG")
      ->type_name("WORD");
  app->add_option("--key", out.keys, "Of this row; may be repeated")->allow_extra_args(false);
}

}  // namespace drift::client
