// SPDX-License-Identifier: Apache-2.0
// The first bytes of a connection: whoever is let in has an origin that is acceptable by itself.
#include <mohr/base/bytes.hpp>

#include <cstdlib>

#include <door/upgrade.hpp>

using namespace mohr;
using namespace mohr::door;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const UpgradeRules rules{{"127.0.0.1:51356"}, true, 8 * 1024, 64};
    const std::string_view head = as_text({data, size});
    const auto upgrade = check_upgrade(head, rules);
    if (upgrade && (!is_acceptable_origin(upgrade->origin, HttpOrigins::all) ||
                    head_state(head, 8 * 1024) != HeadState::complete))
        std::abort();
    return 0;
}
