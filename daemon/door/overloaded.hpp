// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mohr::door {

/// One visitor of several lambdas.
template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
/// Clang 14 does not deduce aggregates by itself.
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

} // namespace mohr::door
