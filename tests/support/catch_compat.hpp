// SPDX-License-Identifier: Apache-2.0
// The only Catch2 header that tests include: Debian 12 has version 2, Debian 13 version 3.
#pragma once
#if defined(HAVE_CATCH2_V3)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <mohr/base/result.hpp>

// A failed CHECK of a Result prints its error; Boost's own stream operator would need one for every value
// type.
template <class T, class E>
struct Catch::StringMaker<boost::system::result<T, E>> {
    static std::string convert(const boost::system::result<T, E>& result) {
        if (result) return "a value";
        if constexpr (std::is_same_v<E, mohr::Error>)
            return result.error().describe();
        else
            return "an error";
    }
};
