"""What every area stands on. Modules are imported by name: `from domain.kernel.money import Money`."""
