// SPDX-License-Identifier: Apache-2.0
#include "preview/fonts.hpp"

#include <algorithm>
#include <array>
#include <fontconfig/fontconfig.h>
#include <memory>

namespace mohr::desktop::preview {
namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};
using Config = std::unique_ptr<FcConfig, Freed<FcConfigDestroy>>;
using Pattern = std::unique_ptr<FcPattern, Freed<FcPatternDestroy>>;

constexpr std::array families{
    "Helvetica", "Times", "Courier",   "Arial",        "Times New Roman", "Symbol",           "ZapfDingbats",
    "sans",      "serif", "monospace", "sans:lang=fa", "serif:lang=fa",   "Noto Sans Arabic", "sans:lang=he"};
constexpr std::array styles{"", ":bold", ":italic", ":bold:italic"};

Config configuration() {
    Config config(FcConfigCreate());
    if (config && FcConfigParseAndLoad(config.get(), nullptr, FcTrue) == FcFalse) config.reset();
    return config;
}

std::string matching_file(FcConfig* config, const std::string& wanted) {
    const Pattern pattern(FcNameParse(reinterpret_cast<const FcChar8*>(wanted.c_str())));
    if (!pattern) return {};
    FcConfigSubstitute(config, pattern.get(), FcMatchPattern);
    FcDefaultSubstitute(pattern.get());
    FcResult result{};
    const Pattern match(FcFontMatch(config, pattern.get(), &result));
    FcChar8* file = nullptr;
    if (!match || FcPatternGetString(match.get(), FC_FILE, 0, &file) != FcResultMatch) return {};
    return reinterpret_cast<const char*>(file);
}

} // namespace

Result<std::vector<std::string>> choose_fonts() {
    std::vector<std::string> files;
    const Config all = configuration();
    if (!all || FcConfigBuildFonts(all.get()) == FcFalse) return Error(BaseErrc::io, "fontconfig");
    for (const char* family : families)
        for (const char* style : styles) {
            std::string file = matching_file(all.get(), std::string(family) + style);
            if (!file.empty() && std::find(files.begin(), files.end(), file) == files.end())
                files.push_back(std::move(file));
        }
    // The same rules of substitution, over these files alone.
    Config few = configuration();
    if (!few) return Error(BaseErrc::io, "fontconfig");
    for (const std::string& file : files)
        FcConfigAppFontAddFile(few.get(), reinterpret_cast<const FcChar8*>(file.c_str()));
    FcConfigSetCurrent(few.get());
    (void)few.release(); // fontconfig's now
    return files;
}

} // namespace mohr::desktop::preview
