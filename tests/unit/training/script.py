"""A training script of the usual kind, for the common two-step class of SAM; `test_drop_in` changes the import."""

import torch
from sam import SAM
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
images = torch.tensor(images[:600].reshape(-1, 1, 8, 8) / 16, dtype=torch.float32)
labels = torch.tensor(labels[:600])
loader = DataLoader(TensorDataset(images, labels), 100, shuffle=True)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.Dropout2d(0.05),
    nn.Flatten(),
    nn.Linear(512, 32),
    nn.ReLU(),
    nn.Linear(32, 10),
)
model[0].weight.requires_grad_(False)
decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
if ASKED["base"] == "SGD":  # noqa: F821
    optimizer = SAM(groups, torch.optim.SGD, rho=0.1, lr=0.05, momentum=0.9)
else:
    optimizer = SAM(groups, torch.optim.AdamW, rho=0.1, adaptive=True, lr=2e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer.base_optimizer, 4)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

for _ in range(4):
    model.train()
    for batch, wanted in loader:
        batch = batch + 0.05 * torch.randn_like(batch)

        def closure(batch=batch, wanted=wanted):
            loss = criterion(model(batch), wanted)
            loss.backward()
            return loss

        closure()
        if ASKED["style"] == "closure":  # noqa: F821
            optimizer.step(closure)
            optimizer.zero_grad()
        else:
            optimizer.first_step(zero_grad=True)
            closure()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.second_step(zero_grad=True)
    scheduler.step()

model.eval()
with torch.no_grad():
    accuracy = (model(images).argmax(1) == labels).float().mean().item()
