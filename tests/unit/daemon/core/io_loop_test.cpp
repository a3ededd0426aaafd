// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "io_loop.hpp"

#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using namespace mohr::core;

TEST_CASE("work that throws ends alone: pool and I/O thread go on, and the bug is told", "[core]") {
    std::mutex mutex;
    std::vector<std::string> told;
    IoLoop loop(2, [&](const char* what) {
        const std::lock_guard lock(mutex);
        told.emplace_back(what);
    });
    int ran = 0;
    for (int i = 0; i < 4; ++i) loop.post_to_pool([] { throw std::runtime_error("on the pool"); });
    loop.post([] { throw std::runtime_error("on the I/O thread"); });
    loop.post([&] { ++ran; });
    loop.post_to_pool([&] {
        loop.post([&] {
            ++ran;
            loop.stop();
        });
    });
    loop.run();
    loop.join_pool();
    CHECK(ran == 2);
    CHECK(told.size() == 5);
}
