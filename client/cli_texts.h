// What the command line says that is longer than a line.
#pragma once

namespace drift::client {

inline constexpr char kRunFooter[] =
    "A pipeline is named by --pipeline, or described by --table, --text-col or --text, and "
    "--sink;\n"
    "the daemon derives its name then and prints it. A local table is read by the daemon, on its\n"
    "machine. Ctrl-C cancels the run: the batch in hand is finished, what was written stays, and\n"
    "the next run goes on from there. A second Ctrl-C leaves at once. With --detach the run goes\n"
    "on without you.";

// Commands of later releases: what they would do, and what to do today.
struct Later {
  const char* name;
  const char* help;
  const char* sentence;
};
inline constexpr Later kLater[] = {
    {"migrate", "Change a pipeline's embedding model (not in this release)",
     "this release of Drift cannot change the model of a pipeline; embed into a new collection "
     "with driftctl run embed --model M --sink URI"},
    {"erase", "Provable deletion of a row (not in this release)",
     "this release of Drift has no provable deletion; a row deleted from its table leaves the sink "
     "with the next run"},
    {"receipt", "Receipts of provable deletion (not in this release)",
     "this release of Drift has no provable deletion, and so no receipts"},
    {"reconcile", "Compare ledger, sink and source (not in this release)",
     "this release of Drift cannot compare ledger and sink; an index that is in doubt is made anew "
     "when its collection is dropped: then driftctl run embed --pipeline P"}};

}  // namespace drift::client
