"""What LibreOffice knows of an add-in: help of its functions, names in files, types."""

from __future__ import annotations

from typing import Any

DESCRIPTIONS = "com.sun.star.sheet.FunctionDescriptions"
CONFIGURATION = "com.sun.star.configuration.ConfigurationProvider"
REFLECTION = "/singletons/com.sun.star.reflection.theTypeDescriptionManager"


def functions(context: Any, names: list[str]) -> dict[str, dict[str, Any]]:
    """The function wizard's view: category, description and arguments by display name."""
    found = context.ServiceManager.createInstanceWithContext(DESCRIPTIONS, context)
    described = {}
    for index in range(found.Count):
        item = {one.Name: one.Value for one in found.getByIndex(index)}
        if item["Name"] in names:
            described[item["Name"]] = {
                "category": item["Category"],
                "description": item["Description"],
                "arguments": [
                    [argument.Name, argument.Description, argument.IsOptional]
                    for argument in item["Arguments"] or ()
                ],
            }
    return described


def configured(context: Any, service: str) -> dict[str, dict[str, Any]]:
    """What the configuration says of a service's methods: display and compatibility names."""
    from starting import properties

    provider = context.ServiceManager.createInstanceWithContext(CONFIGURATION, context)
    node = provider.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationAccess",
        properties(
            nodepath=f"/org.openoffice.Office.CalcAddIns/AddInInfo/{service}/AddInFunctions"
        ),
    )
    return {
        name: {
            key: node.getByName(name).getByName(key)
            for key in ("DisplayName", "CompatibilityName", "Description", "Category")
        }
        for name in node.ElementNames
    }


def interface(context: Any, name: str) -> dict[str, list[Any]]:
    """Methods of an interface: type of the result, then name and type of each parameter."""
    manager = context.getValueByName(REFLECTION)
    described = manager.getByHierarchicalName(name)
    return {
        member.Name.rpartition("::")[2]: [
            member.ReturnType.Name,
            [[parameter.Name, parameter.Type.Name] for parameter in member.Parameters],
        ]
        for member in described.Members
        if hasattr(member, "Parameters")
    }


def version(context: Any) -> str:
    """LibreOffice's own version."""
    from starting import properties

    provider = context.ServiceManager.createInstanceWithContext(CONFIGURATION, context)
    node = provider.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationAccess",
        properties(nodepath="/org.openoffice.Setup/Product"),
    )
    return str(node.getByName("ooSetupVersionAboutBox"))
