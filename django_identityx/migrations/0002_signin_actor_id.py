from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_identityx", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="signin",
            name="actor_id",
            field=models.CharField(
                blank=True, default="", max_length=64, verbose_name="acting for them"
            ),
        ),
    ]
