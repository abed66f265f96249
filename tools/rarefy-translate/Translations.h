#ifndef RAREFY_TOOLS_RAREFYTRANSLATE_TRANSLATIONS_H
#define RAREFY_TOOLS_RAREFYTRANSLATE_TRANSLATIONS_H

namespace rarefy {

/// Registers what the tool can translate.
void registerTranslations();

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYTRANSLATE_TRANSLATIONS_H
