#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;

class CompletionTest : public ClientTest {
 protected:
  // What a shell would offer for the last of the words, by bash itself.
  std::string Offered(const std::string& words, int current) {
    const std::string script = Run({"completion", "bash"}).out + "COMP_WORDS=(" + words +
                               "); COMP_CWORD=" + std::to_string(current) +
                               "; _driftctl; echo \"${COMPREPLY[@]}\"\n";
    FILE* bash = popen(("bash -c '" + Escaped(script) + "' 2>&1").c_str(), "r");
    EXPECT_NE(bash, nullptr);
    std::string out;
    char buffer[4096];
    while (const size_t count = fread(buffer, 1, sizeof(buffer), bash)) out.append(buffer, count);
    EXPECT_EQ(pclose(bash), 0) << out;
    return out;
  }

  static std::string Escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out;
  }
};

TEST_F(CompletionTest, BashOffersCommandsOptionsAndWords) {
  EXPECT_EQ(Offered("driftctl ru", 1), "run\n");
  EXPECT_EQ(Offered("driftctl run w", 2), "watch\n");
  EXPECT_EQ(Offered("driftctl run embed --text", 3), "--text-col --text\n");
  EXPECT_EQ(Offered("driftctl status -o j", 3), "json\n");
  EXPECT_EQ(Offered("driftctl cost --by p", 3), "pipeline provider\n");
  EXPECT_EQ(Offered("driftctl completion z", 2), "zsh\n");
  EXPECT_EQ(Offered("driftctl run embed --detach --serv", 4), "--server\n");
}

TEST_F(CompletionTest, EveryShellHasItsScript) {
  const Outcome zsh = Run({"completion", "zsh"});
  EXPECT_EQ(zsh.code, 0);
  EXPECT_THAT(zsh.out, testing::StartsWith("#compdef driftctl\n"));
  const std::string fish = Run({"completion", "fish"}).out;
  EXPECT_THAT(fish,
              HasSubstr("complete -c driftctl -n '__fish_seen_subcommand_from run; and not "
                        "__fish_seen_subcommand_from embed watch list get cancel' -a embed -d"));
  EXPECT_THAT(fish, HasSubstr("-l by -x -a 'model pipeline provider day run'"));
}

}  // namespace
}  // namespace drift::client
