"""The application profiles, as lists of extensions.

Follows the specifications "RVA20, RVI20, RVA22 Profiles" and "RVA23 Profile": what is mandatory.
"""

_RVA20U64 = (
    *("m", "a", "f", "d", "c", "zicsr", "zicntr"),
    *("ziccif", "ziccrse", "ziccamoa", "za128rs", "zicclsm"),
)
_RVA22U64 = (
    *("m", "a", "f", "d", "c", "zicsr", "zicntr", "zihpm"),
    *("ziccif", "ziccrse", "ziccamoa", "za64rs", "zicclsm", "zic64b"),
    *("zihintpause", "zba", "zbb", "zbs", "zicbom", "zicbop", "zicboz", "zfhmin", "zkt"),
)
_RVA23U64 = (
    *_RVA22U64,
    *("v", "zvfhmin", "zvbb", "zvkt", "zihintntl", "zicond", "zimop", "zcmop", "zcb", "zfa"),
    *("zawrs", "supm"),
)
_S64 = ("zifencei", "svbare", "sv39", "svade", "ssccptr", "sstvecd", "sstvala")
_RVA22S64 = (*_S64, "ss1p12", "sscounterenw", "svpbmt", "svinval")
_RVA23S64 = (
    *(*_S64, "ss1p13", "sscounterenw", "svpbmt", "svinval"),
    *("svnapot", "sstc", "sscofpmf", "ssnpm", "ssu64xl"),
    *("h", "ssstateen", "shcounterenw", "shvstvala", "shtvala", "shvstvecd", "shvsatpa", "shgatpa"),
)

PROFILES: dict[str, tuple[str, ...]] = {
    "rva20u64": _RVA20U64,
    "rva20s64": (*_RVA20U64, *_S64, "ss1p11"),
    "rva22u64": _RVA22U64,
    "rva22s64": (*_RVA22U64, *_RVA22S64),
    "rva23u64": _RVA23U64,
    "rva23s64": (*_RVA23U64, *_RVA23S64),
}
