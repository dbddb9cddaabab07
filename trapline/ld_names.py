"""The names of the options of `trapline ld`: what takes a value, what changes nothing here.

Not here: what they mean (`ld_options.py`).
"""

EMULATIONS = ("elf64lriscv", "elf64lriscv_lp64", "elf64lriscv_lp64f")
# Options that change nothing here, without a value and with one.
ACCEPTED = frozenset(
    "EL no-dynamic-linker no-pie nopie no-warn-execstack warn-execstack warn-once "
    "warn-alternate-em "
    "warn-section-align warn-textrel warn-constructors no-warnings-as-errors no-fatal-warnings "
    "no-keep-memory reduce-memory-overheads as-needed no-as-needed add-needed no-add-needed "
    "copy-dt-needed-entries no-copy-dt-needed-entries no-export-dynamic export-dynamic E "
    "nostdlib no-demangle demangle stats qmagic "
    "no-gc-keep-exported gc-keep-exported no-ld-generated-unwind-info "
    "ld-generated-unwind-info enable-new-dtags disable-new-dtags disable-multiple-abs-defs "
    "allow-shlib-undefined no-allow-shlib-undefined accept-unknown-input-arch "
    "no-accept-unknown-input-arch no-ctf-variables ctf-variables "
    "no-strip-discarded strip-discarded no-print-gc-sections no-relax-gp "
    "relax-gp no-print-map-discarded print-map-discarded "
    "no-undefined-version undefined-version no-ld-wrap g".split()
)
ACCEPTED_VALUES = frozenset(
    "O hash-style plugin plugin-opt rpath rpath-link A architecture G gpsize assert "
    "hash-size Y version-script dynamic-linker I max-cache-size ctf-share-types "
    "dependency-file package-metadata audit depaudit P f F "
    "auxiliary task-link ".split()
)
WITH_VALUE = {
    "o": "output",
    "T": "script",
    "e": "entry",
    "L": "library-path",
    "l": "library",
    "m": "m",
    "z": "z",
    "u": "undefined",
    "b": "format",
    "c": "mri-script",
    "R": "just-symbols",
    "h": "soname",
    "dT": "default-script",
    "y": "trace-symbol",
} | {
    name: name
    for name in (
        "output script default-script entry library-path library undefined require-defined format "
        "Ttext Tdata Tbss Ttext-segment Trodata-segment Tldata-segment section-start defsym Map "
        "orphan-handling sort-section wrap oformat sysroot retain-symbols-file sort-common "
        "unresolved-symbols build-id just-symbols mri-script soname init fini filter "
        "trace-symbol compress-debug-sections dynamic-list dynamic-list-data exclude-libs "
        "print-map-file unique ".split()
    )
}
OPTIONAL = frozenset(("build-id", "sort-common", "demangle", "unique"))
REFUSED = {
    "shared": "a shared library",
    "Bshareable": "a shared library",
    "pie": "a position-independent executable",
    "pic-executable": "a position-independent executable",
    "mri-script": "an MRI script",
    "c": "an MRI script",
    "EB": "big-endian output",
    "no-define-common": "--no-define-common may not be used without -shared: a shared library",
}
# What -z may say that changes nothing in a static link.
KEYWORDS = frozenset(
    "relro norelro now lazy text notext textoff origin combreloc nocombreloc copyreloc nocopyreloc "
    "defs initfirst interpose loadfltr nodefaultlib nodelete nodlopen nodump global globalaudit "
    "dynamic-undefined-weak nodynamic-undefined-weak start-stop-gc nostart-stop-gc unique "
    "nounique unique-symbol nounique-symbol start-stop-visibility indirect-extern-access "
    "noindirect-extern-access extern-protected-data noextern-protected-data "
    "pack-relative-relocs nopack-relative-relocs".split()
)
PAGES = {"max-page-size": "max_page", "common-page-size": "common_page"}
