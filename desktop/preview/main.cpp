// SPDX-License-Identifier: Apache-2.0
#include "preview/confinement.hpp"
#include "preview/content.hpp"
#include "preview/fonts.hpp"
#include "preview/serve.hpp"
#include <mohr/base/sandbox.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace {

using namespace mohr::desktop::preview;

struct Arguments {
    Source source;
    std::string attack_before;
    std::string attack_inside;
};

bool parse(int count, char** values, Arguments& arguments) {
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = values[i];
        const char* const value = values[i + 1];
        if (name == "--offset")
            arguments.source.offset = std::strtoull(value, nullptr, 10);
        else if (name == "--size")
            arguments.source.size = std::strtoull(value, nullptr, 10);
        else if (name == "--type")
            arguments.source.media_type = QString::fromUtf8(value);
#if defined(MOHR_FAULT_POINTS)
        else if (name == "--attack-before")
            arguments.attack_before = value;
        else if (name == "--attack")
            arguments.attack_inside = value;
#endif
        else
            return false;
    }
    return count % 2 == 1;
}

int fail(const mohr::Error& error) {
    std::fprintf(stderr, "mohr-preview: %s\n", error.describe().c_str());
    return 1;
}

} // namespace

#if defined(MOHR_SANITIZED)
/// The leak checker stops the process with ptrace, which the sandbox denies.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}
#endif

int main(int argc, char** argv) {
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fputs("mohr-preview is started by mohr-prompt, never by hand.\n", stderr);
        return 2;
    }
#if defined(MOHR_FAULT_POINTS)
    if (!arguments.attack_before.empty()) mohr::attack(arguments.attack_before);
#endif
    if (const auto bounded = bound_process(); !bounded) return fail(bounded.error());
    // Otherwise the C library reads /etc/localtime at the first date it computes.
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
    const auto fonts = choose_fonts();
    if (!fonts) return fail(fonts.error());
    warm_up();
    const auto document = map_document(arguments.source);
    if (!document) return fail(document.error());
    if (const auto confined = confine(*fonts); !confined) return fail(confined.error());
#if defined(MOHR_FAULT_POINTS)
    if (!arguments.attack_inside.empty()) mohr::attack(arguments.attack_inside);
#endif
    return serve(*document, arguments.source.media_type);
}
