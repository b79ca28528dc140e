#include "client/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "client/format.h"
#include "client/text_width.h"

namespace drift::client {
namespace {

using drift::v1::Run;
using drift::v1::RunProgress;

constexpr size_t kBarWidth = 24;
constexpr size_t kShortBarWidth = 8;

std::string Bar(double share, size_t width) {
  const auto full = static_cast<size_t>(std::lround(share * static_cast<double>(width)));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string RowsText(const RunProgress& progress) {
  if (progress.rows_expected() <= 0) return Count(progress.rows_done(), "row");
  return fmt::format("{}/{} rows", Count(progress.rows_done()), Count(progress.rows_expected()));
}

std::string TailText(const RunProgress& progress) {
  std::string tail;
  if (progress.rows_done() == 0 && progress.texts_answered() > 0) {
    tail += fmt::format("   {} embedded", Count(progress.texts_answered(), "text"));
  }
  if (progress.rows_per_second() >= 1) {
    tail += fmt::format("   {} rows/s",
                        Count(static_cast<int64_t>(std::llround(progress.rows_per_second()))));
  }
  tail += fmt::format("   {}", Money(progress.run().cost_usd()));
  const auto left = static_cast<double>(progress.rows_expected() - progress.rows_done());
  if (progress.rows_expected() > 0 && progress.rows_per_second() > 0) {
    tail +=
        fmt::format("   ETA {}", ShortDuration(std::max(left, 0.0) / progress.rows_per_second()));
  }
  return tail;
}

std::string WaitText(const RunProgress& progress) {
  if (progress.backing_off().empty()) return "";
  if (!progress.has_retry_time()) return fmt::format("   waiting: {}", progress.backing_off());
  return fmt::format("   waiting {}: {}",
                     ShortDuration(SecondsBetween(Now(), progress.retry_time())),
                     progress.backing_off());
}

// "40 updated, 1 deleted, 5 inserted"
std::string ChangesText(const Run& run) {
  std::string text;
  const auto add = [&](int64_t count, std::string_view what) {
    if (count == 0) return;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", Count(count), what);
  };
  add(run.rows_updated(), "updated");
  add(run.rows_deleted(), "deleted");
  add(run.rows_inserted(), "inserted");
  return text.empty() ? "no row changed" : text;
}

std::string WatchText(const Run& run) {
  if (run.to_version() == run.from_version()) {
    return fmt::format("nothing new at version {}", run.to_version());
  }
  const int64_t first = run.from_version() + 1;
  const std::string versions = first == run.to_version()
                                   ? fmt::format("version {}", first)
                                   : fmt::format("versions {}–{}", first, run.to_version());
  return fmt::format("{}: {}; {} embedded, {} reused", versions, ChangesText(run),
                     Count(run.texts_embedded()), Count(run.texts_reused()));
}

std::string EmbedText(const Run& run) {
  return fmt::format("{}, {} embedded, {} reused, {} written, {}", Count(run.rows_read(), "row"),
                     Count(run.texts_embedded(), "text"), Count(run.texts_reused()),
                     Count(run.points_written(), "point"),
                     Count(run.dead_letters(), "dead letter"));
}

}  // namespace

std::string ProgressLine(const RunProgress& progress, size_t width) {
  const std::string rows = RowsText(progress);
  const std::string tail = TailText(progress) + WaitText(progress);
  std::string line = "  " + rows + tail;
  if (progress.rows_expected() > 0) {
    const double share = std::clamp(
        static_cast<double>(progress.rows_done()) / static_cast<double>(progress.rows_expected()),
        0.0, 1.0);
    const std::string percent = fmt::format("{:3.0f} %", std::floor(share * 100));
    for (const size_t bar : {kBarWidth, kShortBarWidth, size_t{0}}) {
      line =
          fmt::format("  {}{}{}  {}{}", Bar(share, bar), bar == 0 ? "" : " ", percent, rows, tail);
      if (width == 0 || DisplayWidth(line) <= width) break;
    }
  }
  return width == 0 ? line : Fit(line, width);
}

std::string DoneLine(const Run& run) {
  const double took = run.has_start_time() && run.has_end_time()
                          ? SecondsBetween(run.start_time(), run.end_time())
                          : 0;
  // A watch without a cursor does what an embed does.
  const bool watched = run.mode() == Run::WATCH && run.from_version() >= 0;
  std::string text = watched ? WatchText(run) : EmbedText(run);
  if (watched && run.dead_letters() > 0) {
    text += fmt::format(", {}", Count(run.dead_letters(), "dead letter"));
  }
  return fmt::format("done in {}: {}.  run {}  cost {}{}", DurationText(took), text, run.id(),
                     Money(run.cost_usd()),
                     run.tokens_estimated() && run.cost_usd() > 0 ? " (estimated)" : "");
}

void ProgressDisplay::Show(const RunProgress& progress) {
  if (session_.options().quiet) return;
  const std::string heading =
      fmt::format("{}  {}", progress.run().pipeline(), Printable(progress.phase()));
  // Before the work begins come phases that are over in no time: one or the other would be seen by
  // chance. They are worth a line only on a terminal, where it goes away again.
  const bool preparing = heading_.empty() && progress.rows_expected() < 0;
  if (heading != heading_ && !preparing) {
    Clear();
    heading_ = heading;
    session_.WriteError(heading_ + '\n');
  }
  if (!session_.host().err_is_terminal) return;
  // One column is left free: a line that fills the terminal wraps on some.
  const auto width = static_cast<size_t>(std::max(session_.host().width - 1, 0));
  std::string line = preparing ? heading + WaitText(progress) : ProgressLine(progress, width);
  if (preparing && width > 0) line = Fit(line, width);
  session_.WriteError("\r\x1b[K" + line);
  drawn_ = true;
}

void ProgressDisplay::Name(const std::string& pipeline) {
  if (heading_.empty() && !session_.options().quiet) session_.WriteError(pipeline + '\n');
}

void ProgressDisplay::Clear() {
  if (drawn_) session_.WriteError("\r\x1b[K");
  drawn_ = false;
}

}  // namespace drift::client
