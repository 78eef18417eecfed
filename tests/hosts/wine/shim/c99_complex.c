/*
 * Wine 8.0 ends a program that calls a complex function of ucrtbase.dll, because it has only
 * their names. Loading this DLL writes a jump to the compiler's own function over each of them.
 */
#include <complex.h>
#include <string.h>
#include <windows.h>

#define FOR_EACH(DO)                                                                     \
    DO(cacos) DO(cacosh) DO(casin) DO(casinh) DO(catan) DO(catanh) DO(ccos) DO(ccosh)    \
    DO(cexp) DO(clog) DO(csin) DO(csinh) DO(csqrt) DO(ctan) DO(ctanh) DO(conj) DO(cproj) \
    DO(cabs) DO(carg) DO(creal) DO(cimag) DO(cpow)

/* On Windows a long double is a double. */
#define REPLACE(name) {#name, name}, {#name "f", name##f}, {#name "l", name},

static const struct {
    const char *name;
    void *function;
} replacements[] = {FOR_EACH(REPLACE)};

static void put_jump(unsigned char *at, void *target)
{
    unsigned char jump[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; /* mov rax; jmp */
    DWORD protection;

    memcpy(jump + 2, &target, sizeof target);
    VirtualProtect(at, sizeof jump, PAGE_EXECUTE_READWRITE, &protection);
    memcpy(at, jump, sizeof jump);
    VirtualProtect(at, sizeof jump, protection, &protection);
    FlushInstructionCache(GetCurrentProcess(), at, sizeof jump);
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved)
{
    HMODULE runtime = reason == DLL_PROCESS_ATTACH ? LoadLibraryA("ucrtbase.dll") : NULL;

    for (size_t i = 0; runtime && i < sizeof replacements / sizeof *replacements; i++) {
        void *found = (void *)GetProcAddress(runtime, replacements[i].name);
        if (found)
            put_jump(found, replacements[i].function);
    }
    return TRUE;
}
