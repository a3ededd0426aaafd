// SPDX-License-Identifier: Apache-2.0
#include "interface_settings.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mohr::core {

using nlohmann::json;

namespace {

constexpr std::size_t max_file_bytes = 128 * 1024;
/// PNG (ISO/IEC 15948) section 5.2, then the length and type of the IHDR chunk, which comes first.
constexpr std::array<std::uint8_t, 16> png_start{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                                 0,    0,   0,   13,  'I',  'H',  'D',  'R'};

std::size_t characters(const std::string& utf8) {
    return static_cast<std::size_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool are_acceptable(const InterfaceSettings::Values& values) {
    const bool language = values.language == "fa" || values.language == "en";
    const bool theme = values.theme == "system" || values.theme == "light" || values.theme == "dark";
    return language && theme && is_acceptable(values.mark);
}

Result<InterfaceSettings::Values> parse(ByteView content) {
    const json read = json::parse(content.begin(), content.end(), nullptr, false);
    const auto text = [&](const char* name) {
        const bool there = read.is_object() && read.contains(name) && read.at(name).is_string();
        return there ? read.at(name).get<std::string>() : std::string();
    };
    InterfaceSettings::Values values{text("language"), text("theme"), {text("phrase"), {}}};
    auto picture = from_base64(text("picture"));
    if (!picture) return picture.error();
    values.mark.picture = std::move(*picture);
    if (!are_acceptable(values)) return Error(BaseErrc::malformed, "no interface settings");
    return values;
}

} // namespace

bool is_acceptable(const Mark& mark) {
    const bool phrase = is_utf8(mark.phrase) && characters(mark.phrase) <= Mark::max_phrase_characters &&
                        printable(mark.phrase, std::string::npos) == mark.phrase;
    const bool picture =
        mark.picture.empty() ||
        (mark.picture.size() > png_start.size() && mark.picture.size() <= Mark::max_picture_bytes &&
         std::equal(png_start.begin(), png_start.end(), mark.picture.begin()));
    return phrase && picture;
}

InterfaceSettings::InterfaceSettings(std::filesystem::path file, std::string& problem)
    : file_(std::move(file)) {
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file_, error))) return;
    const auto content = read_private(file_, max_file_bytes);
    auto values = content ? parse(*content) : Result<Values>(content.error());
    if (values)
        values_ = std::move(*values);
    else
        problem = file_.string() + ": " + values.error().describe();
}

Result<void> InterfaceSettings::set(Values values) {
    if (!are_acceptable(values)) return Error(BaseErrc::malformed, "no interface settings");
    const json out{{"language", values.language},
                   {"theme", values.theme},
                   {"phrase", values.mark.phrase},
                   {"picture", to_base64(values.mark.picture)}};
    MOHR_TRY(write_private(file_, as_bytes(out.dump())));
    values_ = std::move(values);
    return {};
}

json to_prompt_json(const InterfaceSettings& settings) {
    const InterfaceSettings::Values& values = settings.values();
    const bool dark = values.theme == "system" ? settings.desktop_dark() : values.theme == "dark";
    json out{{"language", values.language}, {"theme", dark ? "dark" : "light"}};
    if (!values.mark.phrase.empty()) out["phrase"] = values.mark.phrase;
    if (!values.mark.picture.empty()) out["picture"] = to_base64(values.mark.picture);
    return out;
}

} // namespace mohr::core
